package model

import (
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// emit receives a finished step.
type emit func(*step)

// successors makes every move that is possible in a world.
func (c *compiled) successors(w *world, emit emit) {
	for _, side := range []who{parentSide, childSide} {
		stands := w.sides[side]
		if !stands.lives() {
			continue
		}
		if !w.hung(side) {
			switch stands.phase {
			case sending:
				c.send(w, side, emit)
			case performing:
				c.perform(w, side, emit)
			case waiting:
				c.listen(w, side, emit)
			case leaving:
				s := c.step(w, side, ordinary, ends)
				s.end(side)
				emit(s)
			}
		}
		c.strike(w, side, emit)
	}
	c.callers(w, emit)
}

// send sends a row's next frame. Parts come before a Plan.
func (c *compiled) send(w *world, side who, emit emit) {
	stands := w.sides[side]
	kind := c.tables[side].Rows[stands.row].Send[stands.sent]
	if kind == protocol.KindPlan && w.plan.parts > 0 {
		c.sendOne(w, side, protocol.KindPart, emit)
	}
	c.sendOne(w, side, kind, emit)
}

func (c *compiled) sendOne(w *world, side who, kind protocol.Kind, emit emit) {
	peer := side.other()
	connected := w.connection(side)
	reaches := func(s *step) {
		s.violate(maySend(w, side, kind))
		s.sent = true
		if kind == protocol.KindDetach {
			s.facts |= listening
		}
	}
	switch {
	case connected.closed[peer]:
		s := c.step(w, side, ordinary, "finds its peer gone and does not send")
		s.kind = kind
		if c.tables[side].terminal[w.sides[side].state] {
			s.unsent(side, kind)
		} else {
			s.advance(side, kind)
		}
		emit(s)
		return
	case c.Capacity > 0 && connected.queues[peer].length() < c.Capacity:
		s := c.step(w, side, ordinary, "sends")
		s.kind = kind
		reaches(s)
		to := s.connection(side)
		to.queues[peer] = to.queues[peer].with(kind)
		s.advance(side, kind)
		emit(s)
	case c.Capacity == 0 && c.receives(w, peer, connected):
		s := c.step(w, side, ordinary, "sends, and the peer receives,")
		s.kind = kind
		reaches(s)
		s.receive(peer, kind)
		s.advance(side, kind)
		emit(s)
		s = c.step(w, side, fault, damaging)
		s.kind = kind
		reaches(s)
		s.take(peer, machine.Malformed)
		s.advance(side, kind)
		emit(s)
	default:
		s := c.step(w, side, deadline, "has had no room for too long to send")
		s.kind = kind
		s.unsent(side, kind)
		emit(s)
	}
	s := c.step(w, side, fault, "cannot send")
	s.kind = kind
	s.unsent(side, kind)
	emit(s)
}

// receives reports whether a side is waiting for a frame on the connection.
func (c *compiled) receives(w *world, side who, on *connection) bool {
	return w.sides[side].phase == waiting && !w.hung(side) && w.connection(side) == on
}

// advance continues with the row's next frame, or arrives.
func (s *step) advance(side who, kind protocol.Kind) {
	stands := &s.sides[side]
	if kind == protocol.KindFault {
		s.facts |= sentFault[side]
	}
	if kind == protocol.KindPart {
		s.plan.parts--
		return
	}
	if kind == protocol.KindPlan {
		s.plan.parts = 0
	}
	stands.sent++
	if int(stands.sent) == len(s.tables[side].Rows[stands.row].Send) {
		s.arrive(side)
	}
}

// unsent is the failure to send. Failing to send a Fault changes nothing.
func (s *step) unsent(side who, kind protocol.Kind) {
	if kind == protocol.KindFault {
		s.advance(side, kind)
		return
	}
	s.take(side, machine.Failed)
}

// listen waits for a frame.
func (c *compiled) listen(w *world, side who, emit emit) {
	peer := side.other()
	connected := w.connection(side)
	waits := c.tables[side].waits[w.sides[side].state]
	switch queued := connected.queues[side]; {
	case !queued.empty():
		for _, whole := range []bool{true, false} {
			s := c.step(w, side, ordinary, "receives")
			if !whole {
				s = c.step(w, side, fault, damagedBefore)
			}
			s.kind = queued.head()
			s.connection(side).queues[side] = queued.rest()
			if whole {
				s.receive(side, queued.head())
			} else {
				s.take(side, machine.Malformed)
			}
			emit(s)
		}
	case connected.closed[peer]:
		s := c.step(w, side, ordinary, "sees the end of the file")
		s.take(side, machine.EOF)
		emit(s)
		return
	case waits != nil && waits.Deadline > 0:
		s := c.step(w, side, deadline, "has waited too long")
		s.take(side, machine.Timeout)
		emit(s)
	}
	s := c.step(w, side, fault, "cannot receive")
	s.take(side, machine.Failed)
	emit(s)
}

// strike kills a side or makes it hang.
func (c *compiled) strike(w *world, side who, emit emit) {
	kind := fault
	if w.hung(side) {
		kind = caller // somebody loses patience
	}
	s := c.step(w, side, kind, killed)
	if side == childSide {
		s.childDies()
	} else {
		s.parentDies()
	}
	emit(s)
	if !w.hung(parentSide) && !w.hung(childSide) {
		s := c.step(w, side, fault, "hangs")
		s.facts |= hangs[side]
		emit(s)
	}
}

func (s *step) parentDies() {
	s.close(s.connection(parentSide), parentSide)
	s.sides[parentSide] = stand{state: s.sides[parentSide].state, phase: dead}
	s.facts &^= parentHangs
}
