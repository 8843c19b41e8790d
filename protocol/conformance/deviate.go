package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// handshake is a correct handshake: what the kit does in it, in order.
type handshake struct {
	name    string
	root    bool
	mapped  bool
	actions []action
}

// handshakes lists the handshakes that deviations are derived from.
func handshakes(subject string) []handshake {
	correct := func(name string, root bool, what ...string) handshake {
		h := handshake{name: name, root: root, mapped: name == "maps"}
		for _, one := range what {
			h.actions = append(h.actions, action{what: one})
		}
		return h
	}
	if subject == Parent {
		return []handshake{
			correct("run", false, "Welcome", "Ready", executes),
			correct("maps", false, "Welcome", "MapRequest", "Ready", executes),
		}
	}
	return []handshake{
		correct("run", false, "Hello", "Plan", "Committed", "Start"),
		correct("hooks", false, "Hello", "Part environment", "Plan hooks arguments execute", "HooksDone", "Committed", "Start"),
		correct("create", false, "Hello", "Plan", "Committed", "Detach", connects, "Start"),
		correct("join", true, "Hello join", "Plan enter arguments execute", "OpenDone", "Committed", "Start"),
		correct("maps", true, "Hello maps", "MapDone", "Plan", "Committed", "Start"),
	}
}

// corruptions lists what can be wrong with the bytes or descriptors of a frame.
func corruptions(kind string) []string {
	all := []string{
		"cut 1", "extended 1", "flipped 0", "flipped 1", "flipped 2",
		fmt.Sprintf("extended %d", protocol.MaxFrame), "descriptors 2",
	}
	switch kind {
	case "OpenDone", "Console", "Detach":
		return append(all, "descriptors 0")
	case "Start": // these may carry a descriptor
		return all
	}
	return append(all, "descriptors 1")
}

// deviation is one way to go wrong at one action.
type deviation struct {
	name  string
	musts []string
	apply func(actions []action, at int) []action
}

func replaced(actions []action, at int, with ...action) []action {
	return slices.Concat(actions[:at:at], with, actions[at+1:])
}

// peerClosed is the requirement for a subject whose peer has closed its end.
var peerClosed = map[string]string{Child: "M-END-2", Parent: "M-END-3"}

// deviations lists how the subject's peer can deviate at an action.
func deviations(subject string, actions []action, at int) []deviation {
	a := actions[at]
	all := []deviation{
		{"the end of the stream instead of " + a.what, []string{peerClosed[subject]}, func(actions []action, at int) []action {
			return replaced(actions, at, action{what: closes})
		}},
		{"silence instead of " + a.what, []string{"M-DL-1"}, func(actions []action, at int) []action {
			return replaced(actions, at, action{what: silence})
		}},
	}
	if !isFrame(a) {
		return all[:1]
	}
	all = append(all,
		deviation{"without " + a.what, []string{"M-ENC-10", "M-SM-1"}, func(actions []action, at int) []action { return replaced(actions, at) }},
		deviation{a.what + " twice", []string{"M-ENC-10", "M-SM-1"}, func(actions []action, at int) []action { return replaced(actions, at, a, a) }},
		deviation{"a Fault instead of " + a.what, []string{"M-SM-3"}, func(actions []action, at int) []action {
			return replaced(actions, at, action{what: "Fault"})
		}},
	)
	if at+1 < len(actions) && actions[at+1].what != connects && actions[at+1].what != executes {
		all = append(all, deviation{a.what + " after " + actions[at+1].what, []string{"M-ENC-10", "M-SM-1"}, func(actions []action, at int) []action {
			return slices.Concat(actions[:at:at], []action{actions[at+1], actions[at]}, actions[at+2:])
		}})
	}
	for _, corruption := range corruptions(a.kind()) {
		must := []string{"M-ENC-8", "M-TRUST-1"}
		switch word, _, _ := strings.Cut(corruption, " "); word {
		case "descriptors":
			must = []string{"M-ENC-11", "M-TRAN-5"}
		case "flipped":
			must = []string{"M-ENC-1"}
		}
		all = append(all, deviation{a.what + " " + corruption, must, func(actions []action, at int) []action {
			return replaced(actions, at, action{what: a.what, corruption: corruption})
		}})
	}
	return all
}

// Deviations returns every case in which one thing goes wrong.
func Deviations(subject string) []Case {
	var cases []Case
	for _, h := range handshakes(subject) {
		for at := range h.actions {
			for _, d := range deviations(subject, h.actions, at) {
				cases = append(cases, h.story(subject, d.name, d.musts, d.apply(h.actions, at)))
			}
		}
	}
	return cases
}

// TwoDeviations returns every case in which two things go wrong.
func TwoDeviations(subject string) []Case {
	var cases []Case
	for _, h := range handshakes(subject) {
		for at := range h.actions {
			for _, d := range deviations(subject, h.actions, at) {
				cases = append(cases, h.deviateAgain(subject, d, at)...)
			}
		}
	}
	return cases
}

// deviateAgain returns the cases in which, after a first deviation, another thing goes
// wrong: at the same action or at a later one.
func (h *handshake) deviateAgain(subject string, first deviation, at int) []Case {
	var cases []Case
	actions := first.apply(h.actions, at)
	for ; at < len(actions); at++ {
		if actions[at].corruption != "" {
			continue
		}
		for _, second := range deviations(subject, actions, at) {
			if !isFrame(actions[at]) && second.name == first.name {
				continue
			}
			name := first.name + ", and " + second.name
			cases = append(cases, h.story(subject, name, slices.Concat(first.musts, second.musts), second.apply(actions, at)))
		}
	}
	return cases
}

func isFrame(a action) bool {
	return a.what != closes && a.what != connects && a.what != silence && a.what != executes
}

// silenceMilliseconds is the deadline of a state in which the kit stays silent.
const silenceMilliseconds = 200

// story writes what must happen if the kit does all that.
func (h *handshake) story(subject, name string, musts []string, actions []action) Case {
	c := Case{Name: h.name + ": " + name, Musts: compact(musts), Subject: subject, Root: h.root, Mapped: h.mapped}
	r := &referee{subject: subject, state: map[string]string{Child: "awaiting_hello", Parent: "awaiting_welcome"}[subject], mapped: h.mapped}
	kit := Parent
	if subject == Parent {
		kit = Child
		c.Lines = append(c.Lines, Line{Parent, "Hello"})
	}
	for _, a := range actions {
		if r.over {
			break
		}
		if (a.what == connects) != (r.state == "detached") {
			continue // nobody could connect or hear it
		}
		who := kit
		if r.state == "attached" || a.what == connects {
			who = Caller
		}
		if a.what == silence {
			c.Silent = true
			c.shorten(r.state)
		} else {
			c.Lines = append(c.Lines, Line{who, strings.TrimSpace(a.what + " " + a.corruption)})
		}
		before := r.state
		for _, answer := range r.answer(a) {
			if a.what == closes && before == "attached" {
				continue // the caller has no connection to notice it on
			}
			c.Lines = append(c.Lines, Line{subject, answer})
		}
		if before == "attached" && r.state == "detached" { // the container is unharmed
			c.Lines = append(c.Lines, Line{Caller, connects})
			r.answer(action{what: connects})
			c.Musts = compact(append(c.Musts, "M-DET-4"))
		}
	}
	if subject == Child && r.state == "attached" && !r.over {
		c.Lines = append(c.Lines, Line{Caller, "Start"}, Line{Child, string(Executes)})
	}
	return c
}

// shorten has the child wait in a state only briefly. That is impossible before the child
// has received Hello.
func (c *Case) shorten(state string) {
	for i, line := range c.Lines {
		if strings.HasPrefix(line.What, "Hello") && line.Who == Parent && c.Subject == Child {
			c.Lines[i].What = strings.Replace(line.What, "Hello", fmt.Sprintf("Hello deadline=%s:%d", state, silenceMilliseconds), 1)
			return
		}
	}
	c.Slow = c.Subject == Child
}

func compact(musts []string) []string {
	musts = slices.Clone(musts)
	slices.Sort(musts)
	return slices.Compact(musts)
}
