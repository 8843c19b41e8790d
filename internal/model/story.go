package model

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
)

// Story returns the counterexample in the format of the conformance kit, for a side that is
// tested: what its peer does, and what the side then does. A side with this bug plays the
// story to its end; one without departs from it. Story returns "" if the kit cannot bring
// about the situation, because an effect of the side fails or a deadline passes.
func (e *Counterexample) Story(subject string) string {
	if strings.HasSuffix(e.Verb, inNewUserNamespace) && subject == parentSide.String() {
		return "" // a story cannot ask for a parent that makes one
	}
	t := &teller{subject: subject, verb: e.Verb}
	for i := range e.Moves {
		if !t.tell(&e.Moves[i]) {
			return ""
		}
	}
	if last := endings[e.Wrong]; last.side == subject && !t.over {
		t.lines = append(t.lines, last)
	}
	if !slices.ContainsFunc(t.lines, func(l line) bool { return l.side == subject }) {
		return ""
	}
	return t.story(e.Wrong)
}

// endings are what happens to a side with a bug that is noticed only then.
var endings = map[string]line{
	unlimitedProgram:  {"child", "executes the program"},
	unstartedProgram:  {"child", "executes the program"},
	unstartedAct:      {"child", "executes the program"},
	uncommittedFilter: {"child", "executes the program"},
	lostContainer:     {"child", "ends"},
	falseSuccess:      {"parent", "succeeds"},
}

// requirement finds the requirements in a sentence.
var requirement = regexp.MustCompile(`M-[A-Z]+-[0-9]+`)

// line is a line in a story.
type line struct{ side, what string }

// teller converts moves to lines.
type teller struct {
	subject, verb string
	lines         []line
	asked         []string // operations that make the plan ask the parent for something
	called        bool     // the parent is gone, and there is a caller
	over          bool     // the subject has ended
}

func (t *teller) say(side, what string) {
	if t.called && side == parentSide.String() {
		side = "caller"
	}
	t.lines = append(t.lines, line{side, what})
}

// tell tells one move. It returns false if the kit cannot make it.
func (t *teller) tell(m *Move) bool {
	own := m.Side == t.subject
	switch {
	case m.Text == callerStarts:
		t.called = true
		t.say(m.Side, "connects")
	case m.Damaged && own: // what the peer had sent
		for i := len(t.lines) - 1; i >= 0; i-- {
			if l := &t.lines[i]; l.side != t.subject && l.what == m.Kind {
				l.what += " cut 1"
				return true
			}
		}
		return false
	case m.Damaged && m.Sent:
		t.say(m.Side, m.Kind+" cut 1")
	case m.Sent:
		t.sent(m.Side, m.Kind)
	case m.Text == killed && own, m.Fault && own:
		return false
	case m.Text == becomesProgram && own:
		t.say(t.subject, "executes the program")
		t.over = true
	case m.Text == becomesProgram:
		t.say(m.Side, "executes")
	case m.Text == killed || m.Text == ends && !own:
		if m.Side == childSide.String() {
			t.say(m.Side, "dies")
		} else {
			t.say(m.Side, "closes")
		}
	}
	return true
}

// sent tells about a frame. The Parts of a plan are told with the Plan.
func (t *teller) sent(side, kind string) {
	if side == childSide.String() {
		if operation, asks := asking[kind]; asks {
			t.asked = append(t.asked, operation)
		}
	}
	if kind != protocol.KindPart.String() {
		t.say(side, kind)
	}
}

// asking maps a request to an operation that makes a child send it.
var asking = map[string]string{
	protocol.KindOpenRequest.String():  "enter",
	protocol.KindConsole.String():      "console",
	protocol.KindHooksRequest.String(): "hooks",
}

// story returns the lines, with the operations that the parent's plan needs.
func (t *teller) story(wrong string) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# What must not happen: %s.\nproves %s\n", wrong, requirement.FindString(wrong))
	for _, l := range t.lines {
		if l.side == parentSide.String() && t.subject == childSide.String() {
			l.what = t.composed(l.what)
		}
		fmt.Fprintf(&text, "%-6s %s\n", l.side, l.what)
	}
	return text.String()
}

func (t *teller) composed(what string) string {
	kind, spoilt, _ := strings.Cut(what, " ")
	words := []string{kind}
	switch kind {
	case protocol.KindHello.String():
		if strings.HasPrefix(t.verb, "exec") {
			words = append(words, "join")
		}
		if strings.HasSuffix(t.verb, inNewUserNamespace) {
			words = append(words, "maps")
		}
	case protocol.KindPlan.String():
		words = append(append(words, t.asked...), "arguments", "execute")
	}
	return strings.TrimSpace(strings.Join(append(words, spoilt), " "))
}

// becomesProgram is the model's text for a child that becomes the program.
var becomesProgram = succeeds + string(child.Execute)
