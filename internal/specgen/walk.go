package main

import (
	"fmt"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// choices holds, for the effects with several outcomes, which outcomes to choose, in order.
type choices map[machine.Effect][]machine.Event

// side is one of the machines in a walk.
type side struct {
	*machine.Machine
	choices choices
	inbox   []protocol.Kind
	next    machine.Event // what moves it next; "" if it is waiting for a frame
}

// moved is a row taken in a walk.
type moved struct {
	table *machine.Table
	row   *machine.Row
}

// walk moves both machines against each other, alternating row by row, until neither can
// continue, and returns the rows taken. So it shows what the tables say.
func walk(ours, theirs *side) ([]moved, error) {
	var all []moved
	for {
		idle := true
		for _, pair := range [][2]*side{{ours, theirs}, {theirs, ours}} {
			row, err := pair[0].advance(pair[1])
			if err != nil {
				return nil, err
			}
			if row != nil {
				idle = false
				all = append(all, moved{pair[0].Table(), row})
			}
		}
		if idle {
			return all, nil
		}
	}
}

// advance moves one side by one row, if anything moves it.
func (s *side) advance(peer *side) (*machine.Row, error) {
	if s.next == "" && len(s.inbox) > 0 && s.Table().Waiting(s.State()) != nil {
		s.next, s.inbox = machine.Received(s.inbox[0]), s.inbox[1:]
	}
	if s.next == "" {
		return nil, nil
	}
	row, err := s.Step(s.next)
	if err != nil {
		return nil, err
	}
	peer.inbox = append(peer.inbox, row.Send...)
	if row.To == child.Replaced {
		peer.next = machine.EOF
	}
	s.next, err = s.outcome(row)
	return row, err
}

// outcome returns the event that a row's effect brings about next.
func (s *side) outcome(row *machine.Row) (machine.Event, error) {
	for _, effect := range s.Table().Effects {
		switch {
		case effect.Effect != row.Effect:
		case len(effect.Events) == 1:
			return effect.Events[0], nil
		case len(s.choices[row.Effect]) == 0:
			return "", fmt.Errorf("%s: no outcome of effect %s is chosen in row %s", s.Table().Name, row.Effect, row.ID)
		default:
			chosen := s.choices[row.Effect][0]
			s.choices[row.Effect] = s.choices[row.Effect][1:]
			return chosen, nil
		}
	}
	return "", nil
}

func newSide(table *machine.Table, resumed machine.State, first machine.Event, chosen choices) (*side, error) {
	walked, err := machine.New(table, resumed)
	if err != nil {
		return nil, err
	}
	return &side{Machine: walked, choices: chosen, next: first}, nil
}

// newParent and newChild return the sides of a new handshake.
func newParent(chosen choices) (*side, error) {
	return newSide(parent.Table, "", machine.Begin, chosen)
}

func newChild(chosen choices) (*side, error) {
	return newSide(child.Table, "", machine.Begin, chosen)
}

// minimal returns the shortest run: no mappings, no descriptors, no console, no hooks.
func minimal() ([]moved, error) {
	ours, err := newParent(choices{
		parent.Agree: {parent.Plain}, parent.Release: {parent.Go},
	})
	if err != nil {
		return nil, err
	}
	theirs, err := newChild(choices{
		child.Greet: {child.Plain}, child.Prepare: {child.Prepared},
	})
	if err != nil {
		return nil, err
	}
	return walk(ours, theirs)
}
