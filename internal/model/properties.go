package model

import (
	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// This file is the independent side of the proof: what must hold in every world, written by
// hand from SPEC.md. None of it is read from a table.

// What a move can violate. Each sentence describes something that must never happen.
const (
	unlimitedProgram  = "the program, or a hook that is part of it, runs before the limits are committed (M-COM-1)"
	unstartedProgram  = "the program is executed before Start has been received (M-END-1)"
	unstartedAct      = "a privileged act is done before Start has been received (M-ACT-1)"
	uncommittedFilter = "the seccomp filter is loaded before Committed has been received (M-ACT-1)"
	earlyCommitted    = "Committed is sent before the limits are in force (M-COM-1)"
	earlyStart        = "Start is sent before the limits are in force (M-COM-1)"
	earlyDetach       = "Detach is sent before the limits are in force (M-COM-1)"
	greedyCommit      = "limits are committed while the child is still at work (M-COM-1)"
	unknownFrame      = "a frame is received for which its receiver has no row (M-SM-1)"
	unknownEvent      = "an event comes to pass for which there is no row (M-SM-1)"
	wrongDirection    = "a frame is sent by the side that may not send it (M-ENC-10)"
	secondFault       = "something is sent after a Fault (M-SM-2)"
	answeredFault     = "a Fault is answered (M-SM-3)"
	falseSuccess      = "the parent reports success, and the program has not been executed (M-EXE-2)"
	noTeardown        = "the parent fails without having tried to tear down (M-SM-4)"
	leak              = "the parent has torn down, and something is still held (M-SM-4)"
	survivor          = "the parent has torn down, and the child lives (M-SM-4)"
	needlessFailure   = "a side fails, and nothing had gone wrong (M-SM-1)"
	lostContainer     = "a failed caller ends a container that is waiting to be started (M-DET-4)"
	abandoned         = "the parent leaves a child that does not wait to be started (M-DET-2)"
	silentFailure     = "a side fails, and does not tell its peer, who hears (M-SM-2, M-DL-1)"
	unreadFrame       = "a frame is sent that nobody reads, and nothing had gone wrong (M-SM-1)"
	deadlock          = "nothing can happen any more, and a side still waits (M-SM-1)"
	needlessWait      = "nothing but a passing deadline can help, and nobody hangs (M-DL-1)"
	endless           = "no way leads to the end of both sides (M-SM-4)"
	held              = "no way leads to everything being given back (M-SM-4)"
	success           = "nothing has gone wrong, and no way leads to the program's being executed (M-SM-1)"
)

// mayExecute checks an execution of something of the user's: the program or a
// startContainer hook.
func mayExecute(w *world) string {
	switch {
	case !w.facts.has(limited):
		return unlimitedProgram
	case !w.facts.has(toldStart):
		return unstartedProgram
	}
	return ""
}

// mayAct checks the first of the privileged acts.
func mayAct(w *world) string {
	if !w.facts.has(toldStart) {
		return unstartedAct
	}
	return ""
}

// mayFilter checks loading the seccomp filter.
func mayFilter(w *world) string {
	if !w.facts.has(toldCommitted) {
		return uncommittedFilter
	}
	return mayAct(w)
}

// mayCommit checks committing limits: the child has sent Ready and only waits from there
// on.
func (c *compiled) mayCommit(w *world) string {
	stands := w.sides[childSide]
	waits := stands.phase == waiting || stands.phase == sending && c.tables[childSide].waits[stands.state] != nil
	if stands.lives() && !waits && !w.facts.has(faulted) {
		return greedyCommit
	}
	return ""
}

// maySend checks sending a frame.
func maySend(w *world, side who, kind protocol.Kind) string {
	direction := [...]protocol.Direction{protocol.ParentToChild, protocol.ChildToParent}[side]
	switch {
	case kind.Direction()&direction == 0:
		return wrongDirection
	case w.facts.has(sentFault[side]):
		return secondFault
	case kind == protocol.KindFault && w.facts.has(toldFault[side]):
		return answeredFault
	case w.facts.has(limited):
		return ""
	case kind == protocol.KindCommitted:
		return earlyCommitted
	case kind == protocol.KindStart:
		return earlyStart
	case kind == protocol.KindDetach:
		return earlyDetach
	}
	return ""
}

// mayTake checks a row by the state that it leads to.
func mayTake(w *world, side who, from, to machine.State) string {
	switch {
	case side == parentSide && (to == parent.TearingDown || to == parent.Dead) && !w.facts.has(faulted),
		side == childSide && to == child.Dead && !w.facts.has(faulted):
		return needlessFailure
	case side == childSide && from == child.Attached && to == child.Dead:
		return lostContainer
	}
	return ""
}

// mayFail checks a failure of a side's own: it must tell the peer, if it has spoken to one.
func (s *step) mayFail(row *machine.Row, side who) string {
	own := row.Event == machine.Timeout || row.Event == machine.Malformed || row.Event == machine.Failed
	fails := side == parentSide && row.To == parent.TearingDown || side == childSide && row.To == child.Dead
	spoken := row.From != parent.Reserving && row.From != parent.Spawning
	hears := s.connection(side).closed == [2]bool{} && s.sides[side.other()].lives()
	if own && fails && spoken && hears && !s.facts.has(sentFault[side]) {
		return silentFailure
	}
	return ""
}

// mayClose checks what a side leaves unread unless it is killed.
func mayClose(w *world, side who) string {
	if w.connection(side).queues[side] != 0 && !w.facts.has(faulted) {
		return unreadFrame
	}
	return ""
}

// mayEnd checks the end of the parent's machine.
func mayEnd(w *world, state machine.State) string {
	lives := w.sides[childSide].lives()
	switch state {
	case parent.Running:
		if !w.facts.has(executed) {
			return falseSuccess
		}
	case parent.Detached:
		if !w.facts.has(listening) && lives {
			return abandoned
		}
	case parent.Dead:
		switch {
		case !w.facts.has(undone):
			return noTeardown
		case w.facts.has(tornDown) && lives:
			return survivor
		case w.facts.has(tornDown) && !w.facts.has(called) && w.held != 0:
			return leak
		}
	}
	return ""
}

// resting reports whether nothing is left to do: each side has ended or hangs, or is a
// created container that waits to be started.
func (c *compiled) resting(w *world) bool {
	parentRests := !w.sides[parentSide].lives() || w.hung(parentSide)
	childRests := !w.sides[childSide].lives() || w.hung(childSide) || c.accepting(w) && !w.next.exists
	return parentRests && childRests
}

// over reports whether everything has ended and been released.
func over(w *world) bool {
	return !w.sides[parentSide].lives() && !w.sides[childSide].lives() &&
		w.facts.has(executed) == w.facts.has(exited) && w.held == 0
}

// promising reports whether nothing prevents the program's execution.
func promising(w *world) bool {
	return !w.facts.has(faulted) && (w.sides[parentSide].lives() || w.sides[childSide].lives())
}
