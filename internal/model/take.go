package model

import (
	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// step is a move under construction, and the world that it leads to.
type step struct {
	*compiled
	world
	move
}

func (c *compiled) step(w *world, side who, class class, text string) *step {
	s := &step{compiled: c, world: *w, move: move{side: side, class: class, text: text, taken: [2]int16{-1, -1}}}
	if class == fault || class == deadline {
		s.facts |= faulted
	}
	return s
}

// violate records the first violation of a property that is checked.
func (s *step) violate(wrong string) {
	if s.wrong == "" && s.judges(wrong) {
		s.wrong = wrong
	}
}

// take moves a side's machine by an event.
func (s *step) take(side who, event machine.Event) {
	table, stands := &s.tables[side], &s.sides[side]
	row := table.find(stands.state, event)
	if row < 0 {
		s.event = event
		s.violate(unknownEvent)
		return
	}
	s.violate(mayTake(&s.world, side, table.Rows[row].From, table.Rows[row].To))
	s.taken[side] = int16(row)
	*stands = stand{state: table.to[row], row: uint8(row), phase: sending}
	if len(table.Rows[row].Send) == 0 {
		s.arrive(side)
	}
}

// arrive is what follows once a row's frames have been sent.
func (s *step) arrive(side who) {
	table, stands := &s.tables[side], &s.sides[side]
	row := stands.row
	*stands = stand{state: stands.state}
	s.violate(s.mayFail(&table.Rows[row], side))
	switch {
	case table.terminal[stands.state]:
		stands.phase = leaving
		if side == parentSide {
			s.violate(mayEnd(&s.world, table.states[stands.state]))
		}
	case table.Rows[row].Effect != "":
		stands.phase, stands.row = performing, table.first(row)
		if side == childSide && table.Rows[row].Effect == child.Accept {
			s.violate(mayClose(&s.world, childSide))
			s.close(&s.line, childSide)
			s.facts |= detached
		}
	default:
		stands.phase = waiting
	}
}

// first returns the first row with the same destination and effect: worlds that differ in
// nothing else are the same.
func (t *table) first(row uint8) uint8 {
	for i := range t.Rows {
		if t.Rows[i].To == t.Rows[row].To && t.Rows[i].Effect == t.Rows[row].Effect {
			return uint8(i)
		}
	}
	return row
}

// end is the end of a side that has nothing left to do, as opposed to a killed one.
func (s *step) end(side who) {
	s.sides[side].phase = ended
	s.violate(mayClose(&s.world, side))
	if side == parentSide {
		s.close(s.connection(parentSide), parentSide)
		return
	}
	s.closeChild()
	if !s.facts.has(executed) {
		s.held &^= mountNamespace
	}
}

// childDies is the end of the child by a kill, even if it is the program by now.
func (s *step) childDies() {
	if s.sides[childSide].lives() {
		s.sides[childSide] = stand{state: s.sides[childSide].state, phase: dead}
		s.facts &^= childHangs
		s.closeChild()
	}
	if s.facts.has(executed) {
		s.facts |= exited
	}
	s.held &^= mountNamespace
}

func (s *step) closeChild() {
	s.close(&s.line, childSide)
	s.close(&s.next, childSide)
	s.facts &^= listening
}

// close closes a side's end. What was sent to it is lost.
func (s *step) close(c *connection, side who) {
	if c.exists {
		c.closed[side] = true
		c.queues[side] = 0
	}
	if c.closed == [2]bool{true, true} {
		c.queues = [2]queue{}
	}
}

// receive makes a side receive a frame that is undamaged.
func (s *step) receive(side who, kind protocol.Kind) {
	stands := &s.sides[side]
	if s.tables[side].find(stands.state, received[kind]) < 0 {
		s.violate(unknownFrame)
	}
	switch {
	case kind == protocol.KindFault:
		s.facts |= toldFault[side]
	case side == childSide && kind == protocol.KindCommitted:
		s.facts |= toldCommitted
	case side == childSide && kind == protocol.KindStart:
		s.facts |= toldStart
	}
	s.take(side, received[kind])
}
