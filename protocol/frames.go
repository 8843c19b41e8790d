package protocol

import (
	"fmt"
	"math"
)

// Role says what the child will become.
type Role uint8

// The roles (SPEC.md, "Roles").
const (
	// RoleInit is the first process of a container.
	RoleInit Role = 1
	// RoleJoin is a process that joins a running container.
	RoleJoin Role = 2
)

// String is the role's name in SPEC.md.
func (r Role) String() string {
	switch r {
	case RoleInit:
		return "init"
	case RoleJoin:
		return "join"
	}
	return fmt.Sprintf("role %d", uint8(r))
}

// Deadline is how long the child waits for its parent in one state.
type Deadline struct {
	State        string
	Milliseconds uint32 // 0: forever
}

// Hello opens the handshake.
type Hello struct {
	LowestVersion  uint16
	HighestVersion uint16
	Features       []string
	Role           Role
	// MapsWanted tells the child that it was cloned into a new user namespace, whose ID
	// mappings the parent writes on MapRequest.
	MapsWanted bool
	Deadlines  []Deadline
}

// Welcome answers Hello.
type Welcome struct {
	Version  uint16
	Features []string
}

// MapRequest has no fields: the parent knows the mappings.
type MapRequest struct{}

// MapDone has no fields.
type MapDone struct{}

// Part carries some of a plan's operations, but not the last.
type Part struct{ Ops []Op }

// Plan carries the last of a plan's operations.
type Plan struct{ Ops []Op }

// OpenRequest names operations, by their index in the plan, whose descriptors the child
// cannot open itself.
type OpenRequest struct{ Ops []uint32 }

// OpenDone carries the descriptors, one for each operation.
type OpenDone struct{ Ops []uint32 }

// Console carries the master of the container's pseudoterminal.
type Console struct{}

// HooksRequest has no fields.
type HooksRequest struct{}

// HooksDone has no fields.
type HooksDone struct{}

// Stamp says which row of its table the child took, and when, in nanoseconds of the
// monotonic clock.
type Stamp struct {
	Row         string
	Nanoseconds uint64
}

// Ready reports how the child got here, for people who want to know where the time went.
// This is its last chance to report that: from here on the child has no memory to keep
// records in.
type Ready struct {
	Rows []Stamp  // the rows taken so far, starting with the first
	Ops  []uint64 // how many nanoseconds each operation took, starting with the first
}

// MaxStamps and MaxTimings bound what Ready reports; rows and operations beyond them are
// left out.
const (
	MaxStamps  = 256
	MaxTimings = 1024
)

// Committed says which limits are in force, as read back from the kernel.
type Committed struct {
	Cgroup   string   // path beneath the cgroup2 mount; "" without a cgroup
	Limits   []Pair   // files and their contents
	Programs []uint32 // ids of the device programs attached to the cgroup
}

// Start has no fields.
type Start struct{}

// Detach carries a listening socket.
type Detach struct{}

func (*Hello) Kind() Kind        { return KindHello }
func (*Welcome) Kind() Kind      { return KindWelcome }
func (*MapRequest) Kind() Kind   { return KindMapRequest }
func (*MapDone) Kind() Kind      { return KindMapDone }
func (*Part) Kind() Kind         { return KindPart }
func (*Plan) Kind() Kind         { return KindPlan }
func (*OpenRequest) Kind() Kind  { return KindOpenRequest }
func (*OpenDone) Kind() Kind     { return KindOpenDone }
func (*Console) Kind() Kind      { return KindConsole }
func (*HooksRequest) Kind() Kind { return KindHooksRequest }
func (*HooksDone) Kind() Kind    { return KindHooksDone }
func (*Ready) Kind() Kind        { return KindReady }
func (*Committed) Kind() Kind    { return KindCommitted }
func (*Start) Kind() Kind        { return KindStart }
func (*Detach) Kind() Kind       { return KindDetach }

const (
	maxFeatures  = 64
	maxDeadlines = 32
	maxSettings  = 1024
	maxPrograms  = 64
)

func (f *Hello) fields() fields {
	return fields{
		{"lowest_version", unsigned(&f.LowestVersion, 1, math.MaxUint16), "the lowest version the parent speaks"},
		{"highest_version", unsigned(&f.HighestVersion, 1, math.MaxUint16), "the highest version the parent speaks"},
		{"features", texts(&f.Features, maxFeatures, MaxName), "the optional features the parent offers, ascending"},
		{"role", unsigned(&f.Role, 1, 2), "1 init, 2 join"},
		{"maps_wanted", boolean(&f.MapsWanted), "the child is in a new user namespace and asks for its maps"},
		{"deadlines", list(&f.Deadlines, 0, maxDeadlines, deadline), "how long the child waits in each state named; the defaults elsewhere"},
	}
}

func (f *Welcome) fields() fields {
	return fields{
		{"version", unsigned(&f.Version, 1, math.MaxUint16), "the version both speak from here on"},
		{"features", texts(&f.Features, maxFeatures, MaxName), "the features taken, a subset of those offered"},
	}
}

func (f *Part) fields() fields {
	return fields{{opsField, list(&f.Ops, 1, MaxElements, operation), "operations, in order"}}
}

func (f *Plan) fields() fields {
	return fields{{opsField, list(&f.Ops, 1, MaxElements, operation), "operations, in order"}}
}

func (f *OpenRequest) fields() fields {
	return fields{{"ops", list(&f.Ops, 1, MaxDescriptors, opIndex), "indexes into the plan, ascending"}}
}

func (f *OpenDone) fields() fields {
	return fields{{"ops", list(&f.Ops, 1, MaxDescriptors, opIndex), "the indexes asked for"}}
}

func (f *Committed) fields() fields {
	return fields{
		{"cgroup", text(&f.Cgroup, 0, MaxPath), "the cgroup, as a path beneath the cgroup2 mount; empty without one"},
		{"limits", list(&f.Limits, 0, maxSettings, pair), "cgroup files with what was read back from them"},
		{"programs", list(&f.Programs, 0, maxPrograms, programID), "ids of the device programs attached"},
	}
}

func (f *Ready) fields() fields {
	return fields{
		{"rows", list(&f.Rows, 0, MaxStamps, stamp), "the rows of its table that the child has taken, from the first on, for people"},
		{"ops", list(&f.Ops, 0, MaxTimings, func(to *uint64) value { return unsigned(to, 0, math.MaxUint64) }), "nanoseconds that each operation of the plan took, from the first on, for people"},
	}
}

func (*MapRequest) fields() fields   { return nil }
func (*MapDone) fields() fields      { return nil }
func (*Console) fields() fields      { return nil }
func (*HooksRequest) fields() fields { return nil }
func (*HooksDone) fields() fields    { return nil }
func (*Start) fields() fields        { return nil }
func (*Detach) fields() fields       { return nil }

func opIndex(to *uint32) value   { return unsigned(to, 0, MaxOps-1) }
func programID(to *uint32) value { return unsigned(to, 1, math.MaxUint32) }
func deadline(to *Deadline) value {
	return objectValue{fields{
		{"state", text(&to.State, 1, MaxName), "a waiting state of the child"},
		{"milliseconds", unsigned(&to.Milliseconds, 0, math.MaxUint32), "0: forever"},
	}}
}
func stamp(to *Stamp) value {
	return objectValue{fields{
		{"row", text(&to.Row, 1, MaxName), "a row's id in the child's table"},
		{"nanoseconds", unsigned(&to.Nanoseconds, 0, math.MaxUint64), "of the child's monotonic clock"},
	}}
}
