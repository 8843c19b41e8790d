package machine

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/looplab/fsm"
)

// Machine walks a table.
type Machine struct {
	table *Table
	fsm   *fsm.FSM
}

// New returns a machine in the table's initial state, or in state resumed if that is not
// empty. It refuses a table that fails Check, and a state that is not in the table.
func New(table *Table, resumed State) (*Machine, error) {
	if err := table.Check(); err != nil {
		return nil, err
	}
	initial := table.Initial
	if resumed != "" {
		if !slices.Contains(table.States(), resumed) {
			return nil, fmt.Errorf("%s machine: cannot be resumed in %s, which is none of its states", table.Name, resumed)
		}
		initial = resumed
	}
	events := make(fsm.Events, len(table.Rows))
	for i, row := range table.Rows {
		events[i] = fsm.EventDesc{Name: string(row.Event), Src: []string{string(row.From)}, Dst: string(row.To)}
	}
	// No callbacks: the runner performs the effects, and looplab/fsm silently ignores a
	// misspelt callback key.
	return &Machine{table: table, fsm: fsm.NewFSM(string(initial), events, nil)}, nil
}

// State is the machine's current state.
func (m *Machine) State() State { return State(m.fsm.Current()) }

// Table is the table that the machine walks.
func (m *Machine) Table() *Table { return m.table }

// Step moves the machine and returns the row that it took. An event without a row is an
// error and does not move it.
func (m *Machine) Step(event Event) (*Row, error) {
	row := m.table.Find(m.State(), event)
	if row == nil {
		return nil, fmt.Errorf("%s machine: no row for %s in state %s", m.table.Name, event, m.State())
	}
	// A cancellable context could wedge looplab/fsm for good.
	err := m.fsm.Event(context.Background(), string(event))
	var unmoved fsm.NoTransitionError
	if err != nil && !errors.As(err, &unmoved) {
		return nil, fmt.Errorf("%s machine: %w", m.table.Name, err)
	}
	if m.State() != row.To {
		return nil, fmt.Errorf("%s machine: row %s leads to %s, the machine stands in %s", m.table.Name, row.ID, row.To, m.State())
	}
	return row, nil
}
