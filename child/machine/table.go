// Package machine is the child's half of the handshake, as a table.
package machine

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// The child's states.
const (
	Idle                machine.State = "idle"
	AwaitingHello       machine.State = "awaiting_hello"
	Greeting            machine.State = "greeting"
	AwaitingMaps        machine.State = "awaiting_maps"
	BecomingRoot        machine.State = "becoming_root"
	AwaitingPlan        machine.State = "awaiting_plan"
	Collecting          machine.State = "collecting"
	Preparing           machine.State = "preparing"
	AwaitingDescriptors machine.State = "awaiting_descriptors"
	AwaitingHooks       machine.State = "awaiting_hooks"
	AwaitingCommit      machine.State = "awaiting_commit"
	Committed           machine.State = "committed"
	Detached            machine.State = "detached"
	Attached            machine.State = "attached"
	Executing           machine.State = "executing"
	Replaced            machine.State = "replaced"
	Dead                machine.State = "failed"
)

// The child's effects.
const (
	Greet      machine.Effect = "greet"
	BecomeRoot machine.Effect = "become_root"
	Collect    machine.Effect = "collect"
	Prepare    machine.Effect = "prepare"
	Accept     machine.Effect = "accept"
	Execute    machine.Effect = "execute"
)

// The outcomes of effects with more than one.
const (
	Plain     machine.Event = "plain"     // agreed; no mappings are wanted
	Mapped    machine.Event = "mapped"    // agreed; mappings are wanted
	Open      machine.Event = "open"      // the next operations need descriptors from the parent
	Console   machine.Event = "console"   // a console was opened
	Hooks     machine.Event = "hooks"     // the next operation is the parent's hooks
	Prepared  machine.Event = "prepared"  // every operation except the last is done
	Connected machine.Event = "connected" // a caller has connected
	Executed  machine.Event = "executed"  // the program has replaced the child, which never sees this event
)

// Table is the child's machine (SPEC.md, "The child").
var Table = &machine.Table{
	Name:     "child",
	Initial:  Idle,
	Terminal: []machine.State{Replaced, Dead},
	Rows:     rows(),
	Waits: []machine.Wait{
		{State: AwaitingHello, Deadline: 10 * time.Second, For: "the parent's Hello"},
		{State: AwaitingMaps, Deadline: 30 * time.Second, For: "the parent's MapDone"},
		{State: AwaitingPlan, Deadline: 30 * time.Second, For: "the parent's Plan"},
		{State: AwaitingDescriptors, Deadline: 30 * time.Second, For: "the parent's OpenDone"},
		{State: AwaitingHooks, Deadline: 10 * time.Minute, For: "the parent's HooksDone"},
		{State: AwaitingCommit, Deadline: time.Minute, For: "the parent's Committed"},
		{State: Committed, Deadline: time.Minute, For: "the parent's Start or Detach"},
		{State: Attached, Deadline: 10 * time.Second, For: "the caller's Start"},
	},
	Effects: []machine.Outcomes{
		{Effect: Greet, Events: []machine.Event{Plain, Mapped}, Meaning: "take a version and features from those offered"},
		{Effect: BecomeRoot, Events: []machine.Event{machine.Done}, Meaning: "become the root user of the new user namespace"},
		{Effect: Collect, Events: []machine.Event{machine.Done}, Meaning: "keep the operations of a Part"},
		{Effect: Prepare, Events: []machine.Event{Open, Console, Hooks, Prepared}, Meaning: "carry out operations until one needs the parent, or all but the last are done"},
		{Effect: Accept, Events: []machine.Event{Connected}, Meaning: "wait, without a deadline, for a caller to connect to the listening socket"},
		{Effect: Execute, Events: []machine.Event{Executed}, Meaning: "carry out the last operation: SPEC.md, \"Privileged acts\""},
	},
}

// Handoff is the state from which the child walks its table with raw system calls only,
// because limits may be in force.
const Handoff = AwaitingCommit

// course is the handshake if all goes well.
var course = [...]machine.Row{
	{ID: "C01", From: Idle, Event: machine.Begin, To: AwaitingHello},
	{ID: "C02", From: AwaitingHello, Event: received(protocol.KindHello), To: Greeting, Effect: Greet},
	{ID: "C03", From: Greeting, Event: Plain, To: AwaitingPlan, Send: kinds(protocol.KindWelcome)},
	{ID: "C04", From: Greeting, Event: Mapped, To: AwaitingMaps, Send: kinds(protocol.KindWelcome, protocol.KindMapRequest)},
	{ID: "C05", From: AwaitingMaps, Event: received(protocol.KindMapDone), To: BecomingRoot, Effect: BecomeRoot},
	{ID: "C06", From: BecomingRoot, Event: machine.Done, To: AwaitingPlan},
	{ID: "C07", From: AwaitingPlan, Event: received(protocol.KindPart), To: Collecting, Effect: Collect},
	{ID: "C08", From: Collecting, Event: machine.Done, To: AwaitingPlan},
	{ID: "C09", From: AwaitingPlan, Event: received(protocol.KindPlan), To: Preparing, Effect: Prepare},
	{ID: "C10", From: Preparing, Event: Open, To: AwaitingDescriptors, Send: kinds(protocol.KindOpenRequest)},
	{ID: "C11", From: AwaitingDescriptors, Event: received(protocol.KindOpenDone), To: Preparing, Effect: Prepare},
	{ID: "C12", From: Preparing, Event: Console, To: Preparing, Send: kinds(protocol.KindConsole), Effect: Prepare},
	{ID: "C13", From: Preparing, Event: Hooks, To: AwaitingHooks, Send: kinds(protocol.KindHooksRequest)},
	{ID: "C14", From: AwaitingHooks, Event: received(protocol.KindHooksDone), To: Preparing, Effect: Prepare},
	{ID: "C15", From: Preparing, Event: Prepared, To: AwaitingCommit, Send: kinds(protocol.KindReady)},
	{ID: "C16", From: AwaitingCommit, Event: received(protocol.KindCommitted), To: Committed},
	{ID: "C17", From: Committed, Event: received(protocol.KindStart), To: Executing, Effect: Execute},
	{ID: "C18", From: Committed, Event: received(protocol.KindDetach), To: Detached, Effect: Accept},
	{ID: "C19", From: Detached, Event: Connected, To: Attached},
	{ID: "C20", From: Attached, Event: received(protocol.KindStart), To: Executing, Effect: Execute},
	{ID: "C21", From: Executing, Event: Executed, To: Replaced},
}

// rows returns all rows in one allocation: each side builds the table whenever it starts.
func rows() []machine.Row {
	const most = 80
	return failures(append(make([]machine.Row, 0, most), course[:]...))
}

// failures appends the ways in which a handshake can end early, which are the same for all
// states of a kind.
func failures(rows []machine.Row) []machine.Row {
	add := func(id string, from machine.State, event machine.Event, send ...protocol.Kind) {
		rows = append(rows, machine.Row{ID: id, From: from, Event: event, To: Dead, Send: send})
	}
	for _, state := range []machine.State{
		AwaitingHello, AwaitingMaps, AwaitingPlan, AwaitingDescriptors, AwaitingHooks, AwaitingCommit, Committed,
	} {
		add("C30."+string(state), state, received(protocol.KindFault))
		add("C31."+string(state), state, machine.EOF)
		add("C32."+string(state), state, machine.Timeout, protocol.KindFault)
		add("C33."+string(state), state, machine.Malformed, protocol.KindFault)
		add("C34."+string(state), state, machine.Failed, protocol.KindFault)
	}
	for _, state := range []machine.State{Greeting, BecomingRoot, Collecting, Preparing, Executing} {
		add("C34."+string(state), state, machine.Failed, protocol.KindFault)
	}
	// Nobody could receive a Fault.
	add("C35."+string(Detached), Detached, machine.Failed)
	// A caller that connects and then fails does not fail the container: the child closes
	// the connection and waits for the next caller.
	for _, event := range []machine.Event{received(protocol.KindFault), machine.EOF, machine.Timeout, machine.Malformed, machine.Failed} {
		rows = append(rows, machine.Row{ID: "C36." + string(event), From: Attached, Event: event, To: Detached, Effect: Accept})
	}
	return rows
}

func received(kind protocol.Kind) machine.Event { return machine.Received(kind) }
func kinds(of ...protocol.Kind) []protocol.Kind { return of }
