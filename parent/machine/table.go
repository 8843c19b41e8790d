// Package machine is the parent's half of the handshake, as a table.
package machine

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// The parent's states.
const (
	Idle               machine.State = "idle"
	Reserving          machine.State = "reserving"
	Spawning           machine.State = "spawning"
	AwaitingWelcome    machine.State = "awaiting_welcome"
	Agreeing           machine.State = "agreeing"
	AwaitingMapRequest machine.State = "awaiting_map_request"
	Mapping            machine.State = "mapping"
	Preparing          machine.State = "preparing"
	Opening            machine.State = "opening"
	Delivering         machine.State = "delivering"
	Hooking            machine.State = "hooking"
	Committing         machine.State = "committing"
	Releasing          machine.State = "releasing"
	Detached           machine.State = "detached"
	Starting           machine.State = "starting"
	Confirming         machine.State = "confirming"
	Running            machine.State = "running"
	TearingDown        machine.State = "tearing_down"
	Dead               machine.State = "failed"
)

// The parent's effects.
const (
	Reserve        machine.Effect = "reserve"
	Spawn          machine.Effect = "spawn"
	Agree          machine.Effect = "agree"
	WriteMaps      machine.Effect = "write_maps"
	Open           machine.Effect = "open"
	DeliverConsole machine.Effect = "deliver_console"
	RunHooks       machine.Effect = "run_hooks"
	Commit         machine.Effect = "commit"
	Release        machine.Effect = "release"
	Confirm        machine.Effect = "confirm"
	TearDown       machine.Effect = "tear_down"
)

// The outcomes of effects with more than one.
const (
	Plain    machine.Event = "plain"    // agreed; no mappings are wanted
	Mapped   machine.Event = "mapped"   // agreed; the child will ask for its mappings
	Go       machine.Event = "go"       // the caller wants the program started now
	Leave    machine.Event = "leave"    // the caller will have it started later
	Attach   machine.Event = "attach"   // a later caller has connected to the child
	Executed machine.Event = "executed" // the program runs, or has run
)

// Table is the parent's machine (SPEC.md, "The parent").
var Table = &machine.Table{
	Name:     "parent",
	Initial:  Idle,
	Terminal: []machine.State{Detached, Running, Dead},
	Resumed:  Detached,
	Rows:     rows(),
	Waits: []machine.Wait{
		{State: AwaitingWelcome, Deadline: 10 * time.Second, For: "the child's Welcome"},
		{State: AwaitingMapRequest, Deadline: 10 * time.Second, For: "the child's MapRequest"},
		{State: Preparing, Deadline: 2 * time.Minute, For: "the child's next request, or Ready"},
		{State: Starting, Deadline: time.Minute, For: "the program to be executed", EOFExpected: true},
	},
	Effects: []machine.Outcomes{
		{Effect: Reserve, Events: []machine.Event{machine.Done}, Meaning: "reserve the id, record the intent, make the cgroup"},
		{Effect: Spawn, Events: []machine.Event{machine.Done}, Meaning: "clone the child into its namespaces"},
		{Effect: Agree, Events: []machine.Event{Plain, Mapped}, Meaning: "check that the version and features taken were offered"},
		{Effect: WriteMaps, Events: []machine.Event{machine.Done}, Meaning: "write the uid and gid maps"},
		{Effect: Open, Events: []machine.Event{machine.Done}, Meaning: "open what the operations named need, if the plan says that the parent does"},
		{Effect: DeliverConsole, Events: []machine.Event{machine.Done}, Meaning: "hand the console's master to the caller"},
		{Effect: RunHooks, Events: []machine.Event{machine.Done}, Meaning: "attach the device program, run the prestart and createRuntime hooks"},
		{Effect: Commit, Events: []machine.Event{machine.Done}, Meaning: "put limits and device program in force, read them back, record them"},
		{Effect: Release, Events: []machine.Event{Go, Leave}, Meaning: "do what the caller wants"},
		{Effect: Confirm, Events: []machine.Event{Executed}, Meaning: "tell a program that was executed from a child that died before"},
		{Effect: TearDown, Events: []machine.Event{machine.Done}, Meaning: "kill and reap the child, remove cgroup and state"},
	},
}

// course is how a handshake goes when all goes well.
var course = [...]machine.Row{
	{ID: "P01", From: Idle, Event: machine.Begin, To: Reserving, Effect: Reserve},
	{ID: "P02", From: Reserving, Event: machine.Done, To: Spawning, Effect: Spawn},
	{ID: "P03", From: Spawning, Event: machine.Done, To: AwaitingWelcome, Send: kinds(protocol.KindHello)},
	{ID: "P04", From: AwaitingWelcome, Event: received(protocol.KindWelcome), To: Agreeing, Effect: Agree},
	{ID: "P05", From: Agreeing, Event: Plain, To: Preparing, Send: kinds(protocol.KindPlan)},
	{ID: "P06", From: Agreeing, Event: Mapped, To: AwaitingMapRequest},
	{ID: "P07", From: AwaitingMapRequest, Event: received(protocol.KindMapRequest), To: Mapping, Effect: WriteMaps},
	{ID: "P08", From: Mapping, Event: machine.Done, To: Preparing, Send: kinds(protocol.KindMapDone, protocol.KindPlan)},
	{ID: "P09", From: Preparing, Event: received(protocol.KindOpenRequest), To: Opening, Effect: Open},
	{ID: "P10", From: Opening, Event: machine.Done, To: Preparing, Send: kinds(protocol.KindOpenDone)},
	{ID: "P11", From: Preparing, Event: received(protocol.KindConsole), To: Delivering, Effect: DeliverConsole},
	{ID: "P12", From: Delivering, Event: machine.Done, To: Preparing},
	{ID: "P13", From: Preparing, Event: received(protocol.KindHooksRequest), To: Hooking, Effect: RunHooks},
	{ID: "P14", From: Hooking, Event: machine.Done, To: Preparing, Send: kinds(protocol.KindHooksDone)},
	{ID: "P15", From: Preparing, Event: received(protocol.KindReady), To: Committing, Effect: Commit},
	{ID: "P16", From: Committing, Event: machine.Done, To: Releasing, Send: kinds(protocol.KindCommitted), Effect: Release},
	{ID: "P17", From: Releasing, Event: Go, To: Starting, Send: kinds(protocol.KindStart)},
	{ID: "P18", From: Releasing, Event: Leave, To: Detached, Send: kinds(protocol.KindDetach)},
	{ID: "P19", From: Detached, Event: Attach, To: Starting, Send: kinds(protocol.KindStart)},
	{ID: "P20", From: Starting, Event: machine.EOF, To: Confirming, Effect: Confirm},
	{ID: "P21", From: Confirming, Event: Executed, To: Running},
	{ID: "P22", From: TearingDown, Event: machine.Done, To: Dead},
	{ID: "P23", From: TearingDown, Event: machine.Failed, To: Dead},
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
		rows = append(rows, machine.Row{ID: id, From: from, Event: event, To: TearingDown, Send: send, Effect: TearDown})
	}
	for _, state := range []machine.State{AwaitingWelcome, AwaitingMapRequest, Preparing, Starting} {
		add("P30."+string(state), state, received(protocol.KindFault))
		if state != Starting { // there, EOF means that the program was executed: P20
			add("P31."+string(state), state, machine.EOF)
		}
		add("P32."+string(state), state, machine.Timeout, protocol.KindFault)
		add("P33."+string(state), state, machine.Malformed, protocol.KindFault)
		add("P34."+string(state), state, machine.Failed, protocol.KindFault)
	}
	for _, state := range []machine.State{Agreeing, Mapping, Opening, Delivering, Hooking, Committing, Releasing} {
		add("P34."+string(state), state, machine.Failed, protocol.KindFault)
	}
	// The Detach could not be sent, so nobody could ever start the child.
	add("P34."+string(Detached), Detached, machine.Failed, protocol.KindFault)
	// There is no child that could receive a Fault.
	for _, state := range []machine.State{Reserving, Spawning, Confirming} {
		add("P35."+string(state), state, machine.Failed)
	}
	return rows
}

func received(kind protocol.Kind) machine.Event { return machine.Received(kind) }
func kinds(of ...protocol.Kind) []protocol.Kind { return of }
