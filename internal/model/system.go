package model

import (
	"fmt"
	"slices"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// System is what is explored.
type System struct {
	Parent, Child *machine.Table
	// Capacity is how many unread frames a queue holds, 0 to MaxCapacity.
	Capacity int
	// Brief leaves out what only repeats something: a second OpenRequest, a Part, a second
	// caller.
	Brief bool
	// Only is the one property to check, "" for all. What violates others is then explored
	// further.
	Only string
}

// judges reports whether a property is checked.
func (s *System) judges(property string) bool { return s.Only == "" || s.Only == property }

// MaxCapacity is more frames than either side sends without an answer.
const MaxCapacity = 4

// Runtime is the system with the tables that drive the runtime.
func Runtime(capacity int) System {
	return System{Parent: parent.Table, Child: child.Table, Capacity: capacity}
}

// who is one of the two sides.
type who uint8

const (
	parentSide who = iota
	childSide
)

func (s who) other() who     { return 1 - s }
func (s who) String() string { return [...]string{"parent", "child"}[s] }

// table is a side's table, compiled: states and rows are numbers.
type table struct {
	*machine.Table
	states   []machine.State
	waits    []*machine.Wait // by state; nil if it does not wait
	terminal []bool          // by state
	rows     map[rowKey]int
	to       []uint8 // by row, the state that it leads to
}

type rowKey struct {
	state uint8
	event machine.Event
}

// compiled is a system that is ready to be explored.
type compiled struct {
	System
	tables [2]table
}

func compile(system System) (*compiled, error) {
	if system.Capacity < 0 || system.Capacity > MaxCapacity {
		return nil, fmt.Errorf("model: a capacity of %d frames; allowed are 0 to %d", system.Capacity, MaxCapacity)
	}
	c := &compiled{System: system}
	for side, source := range []*machine.Table{system.Parent, system.Child} {
		t := table{Table: source, states: source.States(), rows: map[rowKey]int{}}
		for i, row := range source.Rows {
			t.rows[rowKey{t.number(row.From), row.Event}] = i
			t.to = append(t.to, t.number(row.To))
		}
		for _, state := range t.states {
			t.waits = append(t.waits, source.Waiting(state))
			t.terminal = append(t.terminal, source.IsTerminal(state))
		}
		c.tables[side] = t
	}
	return c, nil
}

func (t *table) number(state machine.State) uint8 {
	return uint8(slices.Index(t.states, state))
}

// find returns the number of the row for an event in a state, or -1.
func (t *table) find(state uint8, event machine.Event) int {
	if row, found := t.rows[rowKey{state, event}]; found {
		return row
	}
	return -1
}

// received holds each kind's event: making it each time would dominate the cost.
var received = func() [int(protocol.KindFault) + 1]machine.Event {
	var events [int(protocol.KindFault) + 1]machine.Event
	for _, kind := range protocol.Kinds() {
		events[kind] = machine.Received(kind)
	}
	return events
}()
