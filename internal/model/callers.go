package model

import (
	parent "github.com/fsrun/fsrun/parent/machine"
)

// callers makes the moves from outside the handshake: by those who start or delete what was
// created, by the program itself, and by whoever reaps processes.
func (c *compiled) callers(w *world, emit emit) {
	parentLives, childLives := w.sides[parentSide].lives(), w.sides[childSide].lives()
	ended := w.sides[childSide].phase == ended || w.sides[childSide].phase == dead
	if w.facts.has(executed) && !w.facts.has(exited) {
		s := c.step(w, childSide, caller, "has become the program, which ends")
		s.facts |= exited
		s.held &^= mountNamespace
		emit(s)
	}
	if w.held&hook != 0 && !c.runsHook(w) {
		s := c.step(w, childSide, ordinary, "is outlived by a hook, which ends")
		s.held &^= hook
		emit(s)
	}
	if parentLives {
		return
	}
	runs := w.facts.has(executed) && !w.facts.has(exited)
	if ended && !runs && w.held&process != 0 {
		s := c.step(w, childSide, ordinary, "has ended and is reaped")
		s.held &^= process
		emit(s)
	}
	if w.held&stateDirectory != 0 && !runs {
		s := c.step(w, parentSide, caller, "is followed by a caller who deletes")
		s.childDies()
		s.held &= hook // what a dead parent held is lost
		emit(s)
	}
	if w.facts.has(listening) && childLives && w.callersLeft() {
		s := c.step(w, parentSide, caller, callerStarts)
		s.attach()
		emit(s)
	}
}

// callersLeft reports whether another caller may start. Its connection must wait to be
// accepted, and only one can wait.
func (w *world) callersLeft() bool { return w.starts > 0 && !w.next.exists }

// attach puts a caller in the parent's place.
func (s *step) attach() {
	s.starts--
	s.next = connection{exists: true}
	s.facts &^= tornDown | undone | parentToldFault | parentSentFault
	s.facts |= called | onNext
	table := &s.tables[parentSide]
	s.sides[parentSide] = stand{state: table.number(table.Resumed), phase: performing}
	s.take(parentSide, parent.Attach)
}

// runsHook reports whether the side that has started a hook is still waiting for it.
func (c *compiled) runsHook(w *world) bool {
	first, second := w.sides[parentSide], w.sides[childSide]
	return first.phase == performing && first.step > 0 || second.phase == performing && second.step == endHook
}
