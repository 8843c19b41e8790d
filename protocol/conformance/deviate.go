package conformance

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// whole is a correct handshake: what the kit does, and the state that the subject is in
// each time.
type whole struct {
	name    string
	root    bool
	mapped  bool
	actions []action
}

// wholes lists the handshakes that deviations are derived from.
func wholes(subject string) []whole {
	made := func(name string, root bool, what ...string) whole {
		w := whole{name: name, root: root, mapped: name == "maps"}
		for _, one := range what {
			w.actions = append(w.actions, action{what: one})
		}
		return w
	}
	if subject == Parent {
		return []whole{
			made("run", false, "Welcome", "Ready", executes),
			made("maps", false, "Welcome", "MapRequest", "Ready", executes),
		}
	}
	return []whole{
		made("run", false, "Hello", "Plan", "Committed", "Start"),
		made("hooks", false, "Hello", "Part environment", "Plan hooks arguments execute", "HooksDone", "Committed", "Start"),
		made("create", false, "Hello", "Plan", "Committed", "Detach", connects, "Start"),
		made("join", true, "Hello join", "Plan enter arguments execute", "OpenDone", "Committed", "Start"),
		made("maps", true, "Hello maps", "MapDone", "Plan", "Committed", "Start"),
	}
}

// spoilings lists what can be wrong with the bytes or descriptors of a frame.
func spoilings(kind string) []string {
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

// deserted is the requirement for a subject whose peer has closed its end.
var deserted = map[string]string{Child: "M-END-2", Parent: "M-END-3"}

// deviations lists how the subject's peer can deviate at an action.
func deviations(subject string, actions []action, at int) []deviation {
	a := actions[at]
	all := []deviation{
		{"the end of the stream instead of " + a.what, []string{deserted[subject]}, func(actions []action, at int) []action {
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
	for _, spoilt := range spoilings(a.kind()) {
		must := []string{"M-ENC-8", "M-TRUST-1"}
		switch word, _, _ := strings.Cut(spoilt, " "); word {
		case "descriptors":
			must = []string{"M-ENC-11", "M-TRAN-5"}
		case "flipped":
			must = []string{"M-ENC-1"}
		}
		all = append(all, deviation{a.what + " " + spoilt, must, func(actions []action, at int) []action {
			return replaced(actions, at, action{what: a.what, spoilt: spoilt})
		}})
	}
	return all
}

// Deviations returns every case in which one thing goes wrong.
func Deviations(subject string) []Case {
	var cases []Case
	for _, w := range wholes(subject) {
		for at := range w.actions {
			for _, d := range deviations(subject, w.actions, at) {
				cases = append(cases, w.story(subject, d.name, d.musts, d.apply(w.actions, at)))
			}
		}
	}
	return cases
}

// TwoDeviations returns every case in which two things go wrong.
func TwoDeviations(subject string) []Case {
	var cases []Case
	for _, w := range wholes(subject) {
		for first := range w.actions {
			for _, d := range deviations(subject, w.actions, first) {
				deviating := d.apply(w.actions, first)
				for second := first; second < len(deviating); second++ {
					for _, e := range deviations(subject, deviating, second) {
						if deviating[second].spoilt != "" || !isFrame(deviating[second]) && e.name == d.name {
							continue
						}
						cases = append(cases, w.story(subject, d.name+", and "+e.name, slices.Concat(d.musts, e.musts), e.apply(deviating, second)))
					}
				}
			}
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
func (w *whole) story(subject, name string, musts []string, actions []action) Case {
	c := Case{Name: w.name + ": " + name, Musts: compact(musts), Subject: subject, Root: w.root, Mapped: w.mapped}
	r := &referee{subject: subject, state: map[string]string{Child: "awaiting_hello", Parent: "awaiting_welcome"}[subject], mapped: w.mapped}
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
			c.Lines = append(c.Lines, Line{who, strings.TrimSpace(a.what + " " + a.spoilt)})
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
