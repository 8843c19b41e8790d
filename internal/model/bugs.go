package model

import (
	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Bugs are written by hand. They are mistakes that were made in runtimes, or nearly made
// here, as changes to our tables.
var Bugs = []Bug{
	{"the child starts the program on Committed", func(_, c *machine.Table) {
		r := row(c, "C16")
		r.To, r.Effect = child.Executing, child.Execute
	}},
	{"the child starts the program once it is ready", func(_, c *machine.Table) {
		r := row(c, "C15")
		r.To, r.Effect = child.Executing, child.Execute
	}},
	{"a created container starts when somebody connects", func(_, c *machine.Table) {
		r := row(c, "C19")
		r.To, r.Effect = child.Executing, child.Execute
	}},
	{"Start is sent with Committed, whatever the caller wants", func(p, _ *machine.Table) {
		moveFrame(p, protocol.KindStart, "P17", "P16")
	}},
	{"Start is sent on Ready, before the commit", func(p, _ *machine.Table) { moveFrame(p, protocol.KindStart, "P17", "P15") }},
	{"Committed is sent before the commit", func(p, _ *machine.Table) { moveFrame(p, protocol.KindCommitted, "P16", "P15") }},
	{"limits are not committed: Ready is answered at once", func(p, _ *machine.Table) {
		r := row(p, "P15")
		r.To, r.Send, r.Effect = parent.Releasing, []protocol.Kind{protocol.KindCommitted}, parent.Release
	}},
	{"Detach is sent on Ready, before the commit", func(p, _ *machine.Table) { moveFrame(p, protocol.KindDetach, "P18", "P15") }},
	{"the child greets with the parent's frame", func(_, c *machine.Table) { row(c, "C03").Send = []protocol.Kind{protocol.KindHello} }},
	{"a start that failed is tried again in the same handshake", func(p, _ *machine.Table) {
		r := row(p, "P22")
		r.To, r.Effect = parent.Reserving, parent.Reserve
	}},
	{"limits are committed once the hooks have run, while the child is still at work", func(p, _ *machine.Table) {
		r := row(p, "P14")
		r.To, r.Effect = parent.Committing, parent.Commit
	}},
	{"Committed and Start are sent in the wrong order", func(p, _ *machine.Table) {
		r := row(p, "P17")
		r.Send = []protocol.Kind{protocol.KindStart, protocol.KindCommitted}
		row(p, "P16").Send = nil
	}},
	{"the plan is sent before the maps are written", func(p, _ *machine.Table) { moveFrame(p, protocol.KindPlan, "P08", "P06") }},
	{"Plan and MapDone are sent in the wrong order", func(p, _ *machine.Table) {
		r := row(p, "P08")
		r.Send[0], r.Send[1] = r.Send[1], r.Send[0]
	}},
	{"Welcome and MapRequest are sent in the wrong order", func(_, c *machine.Table) {
		r := row(c, "C04")
		r.Send[0], r.Send[1] = r.Send[1], r.Send[0]
	}},
	{"Ready is sent before the last request", func(_, c *machine.Table) {
		row(c, "C13").Send = []protocol.Kind{protocol.KindReady, protocol.KindHooksRequest}
	}},
	{"the child goes on while the parent's hooks run", func(_, c *machine.Table) {
		r := row(c, "C13")
		r.To, r.Effect = child.Preparing, child.Prepare
	}},
	{"the child does not wait for descriptors", func(_, c *machine.Table) {
		r := row(c, "C10")
		r.To, r.Effect = child.Preparing, child.Prepare
	}},
	{"the answers to OpenRequest and HooksRequest are exchanged", func(p, _ *machine.Table) {
		a, b := row(p, "P10"), row(p, "P14")
		a.Send, b.Send = b.Send, a.Send
	}},
	{"EOF after Start is success without a look", func(p, _ *machine.Table) {
		r := row(p, "P20")
		r.To, r.Effect = parent.Running, ""
	}},
	{"EOF while the child prepares is taken for an execution", func(p, _ *machine.Table) {
		r := row(p, "P31.preparing")
		r.To, r.Effect = parent.Running, ""
	}},
	{"a child that died before the execution is no failure", func(p, _ *machine.Table) {
		r := row(p, "P35.confirming")
		r.To, r.Effect = parent.Running, ""
	}},
	{"a failed commit is passed over", func(p, _ *machine.Table) {
		r := row(p, "P34.committing")
		r.To, r.Effect, r.Send = parent.Releasing, parent.Release, []protocol.Kind{protocol.KindCommitted}
	}},
	{"a failed hook ends the parent at once", func(p, _ *machine.Table) {
		r := row(p, "P34.hooking")
		r.To, r.Effect, r.Send = parent.Dead, "", nil
	}},
	{"a failed spawn leaves what was reserved", func(p, _ *machine.Table) {
		r := row(p, "P35.spawning")
		r.To, r.Effect = parent.Dead, ""
	}},
	{"a failed reservation leaves what it had made", func(p, _ *machine.Table) {
		r := row(p, "P35.reserving")
		r.To, r.Effect = parent.Dead, ""
	}},
	{"the child's Fault is not followed by a teardown", func(p, _ *machine.Table) {
		r := row(p, "P30.preparing")
		r.To, r.Effect = parent.Dead, ""
	}},
	{"a child that was left cannot be found again when Detach fails", func(p, _ *machine.Table) {
		r := row(p, "P34.detached")
		r.To, r.Effect, r.Send = parent.Dead, "", nil
	}},
	{"the parent waits for Welcome without a deadline", func(p, _ *machine.Table) { wait(p, parent.AwaitingWelcome).Deadline = 0 }},
	{"the parent waits for the execution without a deadline", func(p, _ *machine.Table) { wait(p, parent.Starting).Deadline = 0 }},
	{"the child waits for Committed without a deadline", func(_, c *machine.Table) { wait(c, child.AwaitingCommit).Deadline = 0 }},
	{"an attached caller that is silent blocks all others", func(_, c *machine.Table) { wait(c, child.Attached).Deadline = 0 }},
	{"a caller that dies ends the container", func(_, c *machine.Table) {
		r := row(c, "C36.eof")
		r.To, r.Effect = child.Dead, ""
	}},
	{"a caller that errs ends the container", func(_, c *machine.Table) {
		r := row(c, "C36.malformed")
		r.To, r.Effect = child.Dead, ""
	}},
	{"after a failed caller the next is expected on the old connection", func(_, c *machine.Table) {
		r := row(c, "C36.timeout")
		r.To, r.Effect = child.Attached, ""
	}},
	{"the child survives its parent", func(_, c *machine.Table) {
		r := row(c, "C31.committed")
		r.To, r.Effect = child.Executing, child.Execute
	}},
	{"a Fault is answered by a Fault", func(p, _ *machine.Table) {
		row(p, "P30.preparing").Send = []protocol.Kind{protocol.KindFault}
	}},
	{"a Fault is sent and the handshake goes on", func(p, _ *machine.Table) {
		r := row(p, "P33.preparing")
		r.To, r.Effect = parent.Preparing, ""
	}},
	{"the child leaves without being told where callers connect", func(_, c *machine.Table) {
		r := row(c, "C16")
		r.To, r.Effect = child.Detached, child.Accept
	}},
	{"exec is released before it is moved into the cgroup", func(p, _ *machine.Table) {
		r := row(p, "P15")
		r.To, r.Effect = parent.Releasing, parent.Release
	}},
}
