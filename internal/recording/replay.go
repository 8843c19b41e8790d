package recording

import (
	"fmt"
	"slices"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Checked is a step of a recording that was checked against the tables.
type Checked struct {
	Machine string
	// At is the time since the recording began, in nanoseconds.
	At uint64
	// What describes the step for people.
	What string
	// Problem is what is wrong with it, "" if nothing.
	Problem string
}

// Replay checks a recording against the tables, step by step: each row starts in its
// machine's state, is caused by what came before it, and sends what it says; the child's
// path fits the frames; time never runs backwards. It continues after a step that is wrong.
func (t Tables) Replay(r *Recording) []Checked {
	p := &replay{tables: t, recording: r, state: t.Parent.Initial}
	if first := t.first(r); first != nil && first.From == t.Parent.Resumed {
		p.state = t.Parent.Resumed
	}
	last := r.At
	for i := range r.Parent {
		step := &r.Parent[i]
		what, problem := p.take(step)
		if problem == "" && step.At < last {
			problem = fmt.Sprintf("comes %d ns before what it follows", last-step.At)
		}
		last = max(last, step.At)
		p.note(t.Parent.Name, step.At, what, problem)
	}
	p.note(t.Parent.Name, r.Ended, "the end in "+string(p.state), p.end())
	p.child()
	return p.checked
}

// Problems returns the steps with a problem.
func Problems(checked []Checked) []Checked {
	return slices.DeleteFunc(slices.Clone(checked), func(c Checked) bool { return c.Problem == "" })
}

// replay is the parent's machine, as moved by the recording.
type replay struct {
	tables    Tables
	recording *Recording
	state     machine.State
	heard     protocol.Kind   // received, with no row taken for it yet
	owed      []protocol.Kind // still to be sent by the last row
	checked   []Checked
}

func (p *replay) note(name string, at uint64, what, problem string) {
	p.checked = append(p.checked, Checked{Machine: name, At: at - min(at, p.recording.At), What: what, Problem: problem})
}

func (p *replay) take(step *Step) (what, problem string) {
	switch {
	case step.IsRow():
		return p.row(step.Row)
	case step.Sent:
		return fmt.Sprintf("sends %s, %d bytes", step.Kind, step.Bytes), p.send(step.Kind)
	}
	what = fmt.Sprintf("receives %s, %d bytes", step.Kind, step.Bytes)
	if !p.tables.Parent.Accepts(p.state).Has(step.Kind) {
		problem = fmt.Sprintf("state %s does not accept it", p.state)
	}
	p.heard = step.Kind
	return what, problem
}

func (p *replay) row(id string) (what, problem string) {
	row := Find(p.tables.Parent, id)
	if row == nil {
		return "takes row " + id, "the table has no such row"
	}
	what = describe(row)
	kind, isFrame := kindOf(row.Event)
	switch {
	case row.From != p.state:
		problem = "the machine stands in " + string(p.state)
	case isFrame && p.heard != kind:
		problem = "no such frame was received"
	case !isFrame && p.heard != 0:
		problem = p.heard.String() + " was received and brought nothing about"
	case len(p.owed) > 0 && (p.recording.Fault == nil || !failure(row)):
		problem = fmt.Sprintf("%s was not sent", p.owed[0])
	}
	p.state, p.heard, p.owed = row.To, 0, slices.Clone(row.Send)
	return what, problem
}

// failure reports whether a row handles a failure: the peer may have been gone when frames
// before it were to be sent.
func failure(row *machine.Row) bool {
	switch row.Event {
	case machine.Failed, machine.EOF, machine.Timeout, machine.Malformed, machine.Received(protocol.KindFault):
		return true
	}
	return false
}

func (p *replay) send(kind protocol.Kind) (problem string) {
	if len(p.owed) == 0 || kind != p.owed[0] && (kind != protocol.KindPart || p.owed[0] != protocol.KindPlan) {
		return "the row sends no such frame here"
	}
	if kind == p.owed[0] {
		p.owed = p.owed[1:]
	}
	return ""
}

// end checks the parent's state at the end of the recording.
func (p *replay) end() string {
	switch {
	case p.recording.LeftOut > 0:
		return "" // nothing is known about what follows
	case !p.tables.Parent.IsTerminal(p.state):
		return "no machine ends there"
	case p.recording.Fault == nil && len(p.owed) > 0:
		return fmt.Sprintf("%s was not sent", p.owed[0])
	}
	return ""
}

// child checks the child's path.
func (p *replay) child() {
	name := p.tables.Child.Name
	path, err := p.tables.Path(p.recording)
	if err != nil {
		p.note(name, p.recording.Ended, "the rows told", err.Error())
		return
	}
	last := p.recording.At
	for i := range path {
		what, problem := describe(path[i].Row), ""
		if path[i].Inferred {
			what += " (inferred)"
		}
		if path[i].At < last {
			problem = fmt.Sprintf("comes %d ns before what it follows", last-path[i].At)
		}
		last = max(last, path[i].At)
		p.note(name, path[i].At, what, problem)
	}
	if _, err := p.tables.shift(p.recording, path); err != nil {
		p.note(name, p.recording.Ended, "the times told", err.Error())
	}
}

// describe describes a row for people.
func describe(row *machine.Row) string {
	text := fmt.Sprintf("%s  %s, %s -> %s", row.ID, row.From, row.Event, row.To)
	if row.Effect != "" {
		text += fmt.Sprintf(" [%s]", row.Effect)
	}
	return text
}
