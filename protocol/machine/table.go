package machine

import (
	"fmt"
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// State is a state of a machine.
type State string

// Event is what moves a machine: the name of a received kind, the outcome of an effect, or
// one of the constants below.
type Event string

// Effect names what a runner does when it enters a state.
type Effect string

// The events that belong neither to a frame nor to one particular effect.
const (
	Begin     Event = "begin"     // the machine starts
	Done      Event = "done"      // the effect succeeded, and has no other successful outcome
	Failed    Event = "failed"    // the effect, or a send, failed
	EOF       Event = "eof"       // the peer closed its end or died
	Timeout   Event = "timeout"   // the state's deadline passed
	Malformed Event = "malformed" // the received frame is not acceptable in this state
)

// Received is the event of receiving a frame of that kind.
func Received(kind protocol.Kind) Event { return Event(kind.String()) }

// Row is one transition.
type Row struct {
	ID     string // SPEC.md's name for it, such as P07
	From   State
	Event  Event
	To     State
	Send   []protocol.Kind // sent on the way, in order; Plan includes its Parts
	Effect Effect          // performed on entering To; its outcome is the next event
}

// Wait is a state in which a machine waits for a frame.
type Wait struct {
	State    State
	Deadline time.Duration // the default; 0: forever
	For      string        // what it waits for, in words for people
	// EOFExpected marks the state in which a closed channel means success: the program was
	// executed.
	EOFExpected bool
}

// Outcomes lists the events that an effect may return. Failed is always possible and not
// listed.
type Outcomes struct {
	Effect  Effect
	Events  []Event
	Meaning string
}

// Table is a whole machine as data.
type Table struct {
	Name     string // parent or child
	Initial  State
	Terminal []State
	// Resumed is the terminal state from which another process's machine may go on; "" if
	// there is none.
	Resumed State
	Rows    []Row
	Waits   []Wait
	Effects []Outcomes
}

// Find returns the row for an event in a state, or nil. It allocates nothing: the child
// uses it to walk its table when limits may already be in force.
func (t *Table) Find(from State, event Event) *Row {
	for i := range t.Rows {
		if t.Rows[i].From == from && t.Rows[i].Event == event {
			return &t.Rows[i]
		}
	}
	return nil
}

// IsTerminal reports whether the machine ends in the state.
func (t *Table) IsTerminal(state State) bool {
	for _, terminal := range t.Terminal {
		if state == terminal {
			return true
		}
	}
	return false
}

// Waiting returns the state's entry among the waits, or nil.
func (t *Table) Waiting(state State) *Wait {
	for i := range t.Waits {
		if t.Waits[i].State == state {
			return &t.Waits[i]
		}
	}
	return nil
}

// Accepts is the set of kinds for which the state has a row.
func (t *Table) Accepts(state State) protocol.KindSet {
	var set protocol.KindSet
	for i := range t.Rows {
		if t.Rows[i].From == state {
			set |= protocol.SetNamed(string(t.Rows[i].Event))
		}
	}
	return set
}

// States lists every state in order of first mention.
func (t *Table) States() []State {
	var states []State
	seen := map[State]bool{}
	mention := func(state State) {
		if !seen[state] {
			seen[state] = true
			states = append(states, state)
		}
	}
	mention(t.Initial)
	for _, row := range t.Rows {
		mention(row.From)
		mention(row.To)
	}
	return states
}

// ahead lists the effects that a walk from a state can reach.
func (t *Table) ahead(from State) []Effect {
	var effects []Effect
	seen := map[State]bool{from: true}
	for open := []State{from}; len(open) > 0; open = open[1:] {
		for i := range t.Rows {
			row := &t.Rows[i]
			if row.From != open[0] {
				continue
			}
			if row.Effect != "" {
				effects = append(effects, row.Effect)
			}
			if !seen[row.To] {
				seen[row.To] = true
				open = append(open, row.To)
			}
		}
	}
	return effects
}

// outcomes returns the outcomes of an effect, or nil if the effect is unknown.
func (t *Table) outcomes(effect Effect) *Outcomes {
	for i := range t.Effects {
		if t.Effects[i].Effect == effect {
			return &t.Effects[i]
		}
	}
	return nil
}

// Check refuses a table that cannot mean what it says: one with a duplicate ID or a
// duplicate row (of which looplab/fsm would let the last win), a row that leaves a terminal
// state, an undeclared effect, or no row for an effect's outcome, for an event of a wait or
// for a failure to send.
func (t *Table) Check() error {
	type key struct {
		from  State
		event Event
	}
	rows := make(map[key]string, len(t.Rows))
	ids := make(map[string]bool, len(t.Rows))
	for _, row := range t.Rows {
		if row.ID == "" || ids[row.ID] {
			return fmt.Errorf("%s table: the row for %s in state %s has no id of its own: %q", t.Name, row.Event, row.From, row.ID)
		}
		ids[row.ID] = true
		at := key{row.From, row.Event}
		if other, twice := rows[at]; twice {
			return fmt.Errorf("%s table: rows %s and %s are both for %s in state %s", t.Name, other, row.ID, row.Event, row.From)
		}
		rows[at] = row.ID
		if t.IsTerminal(row.From) && row.From != t.Resumed {
			return fmt.Errorf("%s table: row %s leaves the terminal state %s", t.Name, row.ID, row.From)
		}
		if row.Effect != "" && t.outcomes(row.Effect) == nil {
			return fmt.Errorf("%s table: row %s names the undeclared effect %s", t.Name, row.ID, row.Effect)
		}
	}
	for _, row := range t.Rows {
		switch {
		case row.Effect != "":
			for _, event := range append([]Event{Failed}, t.outcomes(row.Effect).Events...) {
				if _, found := rows[key{row.To, event}]; !found {
					return fmt.Errorf("%s table: state %s has no row for %s, an outcome of effect %s of row %s", t.Name, row.To, event, row.Effect, row.ID)
				}
			}
		case !t.IsTerminal(row.To):
			if t.Waiting(row.To) == nil {
				return fmt.Errorf("%s table: row %s enters %s, which is neither terminal, nor waiting, nor has an effect", t.Name, row.ID, row.To)
			}
			for _, event := range []Event{Failed, EOF, Timeout, Malformed} {
				if _, found := rows[key{row.To, event}]; !found {
					return fmt.Errorf("%s table: waiting state %s has no row for %s", t.Name, row.To, event)
				}
			}
		case row.sends():
			if _, found := rows[key{row.To, Failed}]; !found {
				return fmt.Errorf("%s table: terminal state %s has no row for %s, though row %s may fail to send", t.Name, row.To, Failed, row.ID)
			}
		}
	}
	return nil
}

// sends reports whether the row sends anything other than a Fault. If sending a Fault
// fails, nothing follows from that.
func (r *Row) sends() bool {
	for _, kind := range r.Send {
		if kind != protocol.KindFault {
			return true
		}
	}
	return false
}
