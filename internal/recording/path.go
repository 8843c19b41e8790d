package recording

import (
	"fmt"
	"slices"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Tables are those of the two machines.
type Tables struct{ Parent, Child *machine.Table }

// Taken is a row that a machine took.
type Taken struct {
	*machine.Row
	// At is the time by the parent's clock.
	At uint64
	// Inferred says that the row was not reported but inferred from the frames. At is then
	// when the parent saw what it was inferred from.
	Inferred bool
}

// step is a candidate in the search for the child's path.
type step struct {
	state    machine.State
	consumed int // how many of the frames sent by the parent
	emitted  int // how many of the frames received by the parent
	told     int // how many of the rows in Ready
}

// Path returns the rows that the child took: those reported by Ready, and those that must
// have come after it, or before a Fault in its place. It is an error if the child's table
// has no such path.
func (t Tables) Path(r *Recording) ([]Taken, error) {
	sent, received := frames(r, true), frames(r, false)
	begin := step{state: t.Child.Initial}
	if first := t.first(r); first != nil && first.From == t.Parent.Resumed {
		begin.state = t.waitingForStart()
	}
	type origin struct {
		from step
		row  *machine.Row
	}
	came := map[step]origin{begin: {}}
	queue := []step{begin}
	furthest := begin
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if at.told >= furthest.told && at.emitted >= furthest.emitted {
			furthest = at
		}
		if at.emitted == len(received) && at.told == len(r.Child) && t.isEnd(r, at, len(sent)) {
			var path []Taken
			for ; came[at].row != nil; at = came[at].from {
				path = append(path, Taken{Row: came[at].row})
			}
			slices.Reverse(path)
			return t.timed(r, path), nil
		}
		for i := range t.Child.Rows {
			row := &t.Child.Rows[i]
			next, can := follow(row, at, r.Child, sent, received)
			if _, known := came[next]; can && !known {
				came[next] = origin{at, row}
				queue = append(queue, next)
			}
		}
	}
	return nil, fmt.Errorf("the child's table has no way that takes the %d rows told and sends the %d frames received: none goes on from %s with %d rows and %d frames",
		len(r.Child), len(received), furthest.state, furthest.told, furthest.emitted)
}

// follow takes a row after a step, if that agrees with what is known.
func follow(row *machine.Row, at step, told []Step, sent, received []Step) (step, bool) {
	if row.From != at.state {
		return at, false
	}
	switch {
	case at.told < len(told):
		if told[at.told].Row != row.ID {
			return at, false
		}
		at.told++
	case len(told) < protocol.MaxStamps && slices.Contains(row.Send, protocol.KindReady):
		return at, false // Ready reports the row that sends it
	}
	if kind, is := kindOf(row.Event); is {
		if at.consumed == len(sent) || sent[at.consumed].Kind != kind {
			return at, false
		}
		at.consumed++
	}
	for _, kind := range row.Send {
		if at.emitted == len(received) || received[at.emitted].Kind != kind {
			return at, false
		}
		at.emitted++
	}
	at.state = row.To
	return at, true
}

// isEnd reports whether the child's path may end at a step. If the handshake failed, it may
// end anywhere: the parent kills the child.
func (t Tables) isEnd(r *Recording, at step, sent int) bool {
	last := t.last(r)
	switch {
	case last == nil || r.Fault != nil || !t.Parent.IsTerminal(last.To):
		return true
	case at.consumed < sent:
		return false
	case last.To == t.Parent.Resumed:
		return at.state == t.waitingForStart()
	}
	return t.Child.IsTerminal(at.state)
}

// waitingForStart returns the child's state while the parent's machine can be resumed: the
// one that Detach leads to.
func (t Tables) waitingForStart() machine.State {
	for i := range t.Child.Rows {
		if t.Child.Rows[i].Event == machine.Received(protocol.KindDetach) {
			return t.Child.Rows[i].To
		}
	}
	return ""
}

func (t Tables) first(r *Recording) *machine.Row {
	for i := range r.Parent {
		if r.Parent[i].IsRow() {
			return Find(t.Parent, r.Parent[i].Row)
		}
	}
	return nil
}

func (t Tables) last(r *Recording) *machine.Row {
	for i := len(r.Parent) - 1; i >= 0; i-- {
		if r.Parent[i].IsRow() {
			return Find(t.Parent, r.Parent[i].Row)
		}
	}
	return nil
}

// Find returns a table's row by its ID, or nil.
func Find(table *machine.Table, id string) *machine.Row {
	for i := range table.Rows {
		if table.Rows[i].ID == id {
			return &table.Rows[i]
		}
	}
	return nil
}

// frames returns those that the parent sent, or received.
func frames(r *Recording, sent bool) []Step {
	var found []Step
	for _, step := range r.Parent {
		if !step.IsRow() && step.Sent == sent {
			found = append(found, step)
		}
	}
	return found
}

// kindOf returns the kind of frame whose receipt is the event.
func kindOf(event machine.Event) (protocol.Kind, bool) {
	for _, kind := range protocol.Kinds() {
		if machine.Received(kind) == event {
			return kind, true
		}
	}
	return 0, false
}
