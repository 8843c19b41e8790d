package machine

import (
	"fmt"
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// State is where a machine stands.
type State string

// Event is what moves it: the name of a received kind, the outcome of an effect,
// or one of the constants below.
type Event string

// Effect names what a runner does on entering a state.
type Effect string

// The events that belong to no frame and no one effect.
const (
	Begin     Event = "begin"     // the machine is set going
	Done      Event = "done"      // the effect succeeded and there is one way on
	Failed    Event = "failed"    // the effect, or sending, failed
	EOF       Event = "eof"       // the peer closed its end or died
	Timeout   Event = "timeout"   // the state's deadline passed
	Malformed Event = "malformed" // a frame was received that is not acceptable here
)

// Received is the event of receiving a frame of the kind.
func Received(kind protocol.Kind) Event { return Event(kind.String()) }

// Row is one transition.
type Row struct {
	ID     string // SPEC.md's name for it, such as P07
	From   State
	Event  Event
	To     State
	Send   []protocol.Kind // sent on the way, in order; Plan stands for its Parts too
	Effect Effect          // performed on entering To; its outcome is the next event
}

// Wait is a state in which a machine waits for a frame, and for how long.
type Wait struct {
	State    State
	Deadline time.Duration // the default; 0: for ever
	For      string        // what it waits for, for people
	// EOFExpected marks the state in which a closed channel is how things go
	// well: the program was executed.
	EOFExpected bool
}

// Outcomes says which events an effect may bring about. Failed is always one of
// them and not listed.
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
	// Resumed is the one terminal state from which the machine of another
	// process goes on, "" if there is none.
	Resumed State
	Rows    []Row
	Waits   []Wait
	Effects []Outcomes
}

// Find returns the row for an event in a state, nil if there is none. It
// allocates nothing: the child walks its table with it once limits may be in
// force.
func (t *Table) Find(from State, event Event) *Row {
	for i := range t.Rows {
		if t.Rows[i].From == from && t.Rows[i].Event == event {
			return &t.Rows[i]
		}
	}
	return nil
}

// IsTerminal says whether the machine ends in the state.
func (t *Table) IsTerminal(state State) bool {
	for _, terminal := range t.Terminal {
		if state == terminal {
			return true
		}
	}
	return false
}

// Waiting returns the state's row among the waits, nil if it is none.
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

// ahead lists the effects that a walk from a state may come to.
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

// outcomes returns what an effect may bring about, nil if it is unknown.
func (t *Table) outcomes(effect Effect) *Outcomes {
	for i := range t.Effects {
		if t.Effects[i].Effect == effect {
			return &t.Effects[i]
		}
	}
	return nil
}

// Check refuses a table that could not mean what it says: a duplicate row
// (looplab/fsm would let the last one win) or id, a row out of a terminal state, an
// effect that is not declared, or an outcome, a wait's event or a failure to send
// without a row.
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

// sends says whether the row sends anything but a Fault, which may fail to be
// sent without a consequence.
func (r *Row) sends() bool {
	for _, kind := range r.Send {
		if kind != protocol.KindFault {
			return true
		}
	}
	return false
}
