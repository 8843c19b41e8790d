package protocol

import "fmt"

// Kind says what a frame is about. The numbers are those on the wire.
type Kind uint8

// The kinds of frame (SPEC.md, "Frames").
const (
	KindHello Kind = 1 + iota
	KindWelcome
	KindMapRequest
	KindMapDone
	KindPart
	KindPlan
	KindOpenRequest
	KindOpenDone
	KindConsole
	KindHooksRequest
	KindHooksDone
	KindReady
	KindCommitted
	KindStart
	KindDetach
	KindFault
)

// Direction says which side sends a kind.
type Direction uint8

// The directions. A Fault goes both ways.
const (
	ParentToChild Direction = 1 << iota
	ChildToParent
	BothWays = ParentToChild | ChildToParent
)

func (d Direction) String() string {
	switch d {
	case ParentToChild:
		return "parent → child"
	case ChildToParent:
		return "child → parent"
	case BothWays:
		return "both"
	}
	return fmt.Sprintf("direction %d", uint8(d))
}

// descriptorCount says how many descriptors a kind carries.
type descriptorCount uint8

const (
	noDescriptor descriptorCount = iota
	oneDescriptor
	oneDescriptorAtMost
	descriptorPerOp // one for each operation that the frame names
)

type kindRow struct {
	name        string
	direction   Direction
	descriptors descriptorCount
	frame       func() Frame
	meaning     string
}

// kinds is the closed set, indexed by Kind; index 0 is no kind.
var kinds = [...]kindRow{
	KindHello: {"Hello", ParentToChild, noDescriptor, func() Frame { return new(Hello) },
		"opens the handshake: the versions and features the parent offers, the child's role, its deadlines"},
	KindWelcome: {"Welcome", ChildToParent, noDescriptor, func() Frame { return new(Welcome) },
		"the version and features the child takes"},
	KindMapRequest: {"MapRequest", ChildToParent, noDescriptor, func() Frame { return new(MapRequest) },
		"asks the parent to write the uid and gid maps of the child's new user namespace"},
	KindMapDone: {"MapDone", ParentToChild, noDescriptor, func() Frame { return new(MapDone) },
		"the maps are written"},
	KindPart: {"Part", ParentToChild, noDescriptor, func() Frame { return new(Part) },
		"some of the plan's operations; more follow"},
	KindPlan: {"Plan", ParentToChild, noDescriptor, func() Frame { return new(Plan) },
		"the last of the plan's operations: the plan is whole"},
	KindOpenRequest: {"OpenRequest", ChildToParent, noDescriptor, func() Frame { return new(OpenRequest) },
		"asks for the descriptors of operations that only the parent can open, named by their index in the plan"},
	KindOpenDone: {"OpenDone", ParentToChild, descriptorPerOp, func() Frame { return new(OpenDone) },
		"the descriptors asked for, in the same order"},
	KindConsole: {"Console", ChildToParent, oneDescriptor, func() Frame { return new(Console) },
		"carries the master of the container's console"},
	KindHooksRequest: {"HooksRequest", ChildToParent, noDescriptor, func() Frame { return new(HooksRequest) },
		"the mounts stand: asks the parent to run the prestart and createRuntime hooks"},
	KindHooksDone: {"HooksDone", ParentToChild, noDescriptor, func() Frame { return new(HooksDone) },
		"the hooks have run"},
	KindReady: {"Ready", ChildToParent, noDescriptor, func() Frame { return new(Ready) },
		"the child has done all that is greedy: limits may be committed"},
	KindCommitted: {"Committed", ParentToChild, noDescriptor, func() Frame { return new(Committed) },
		"limits and device program are in force; carries what stands in the kernel"},
	KindStart: {"Start", ParentToChild, oneDescriptorAtMost, func() Frame { return new(Start) },
		"execute the user-specified program; carries a connection to the seccomp agent, if the plan has a listener"},
	KindDetach: {"Detach", ParentToChild, oneDescriptor, func() Frame { return new(Detach) },
		"the parent leaves; Start will come over a connection to the listening socket that is carried"},
	KindFault: {"Fault", BothWays, noDescriptor, func() Frame { return new(Fault) },
		"the sender has failed and says why; nothing follows"},
}

// Kinds lists every kind in wire order.
func Kinds() []Kind {
	all := make([]Kind, 0, len(kinds)-1)
	for kind := 1; kind < len(kinds); kind++ {
		all = append(all, Kind(kind))
	}
	return all
}

func (k Kind) valid() bool { return k > 0 && int(k) < len(kinds) }

// String is the kind's name in SPEC.md.
func (k Kind) String() string {
	if !k.valid() {
		return fmt.Sprintf("kind %d", uint8(k))
	}
	return kinds[k].name
}

// Direction says which side may send the kind.
func (k Kind) Direction() Direction {
	if !k.valid() {
		return 0
	}
	return kinds[k].direction
}

// KindSet is a set of kinds: what a receiver accepts in its current state.
type KindSet uint32

// SetOf returns the set of the given kinds.
func SetOf(members ...Kind) KindSet {
	var set KindSet
	for _, kind := range members {
		set |= 1 << kind
	}
	return set
}

// SetNamed returns the set that holds the kind of that name, or the empty set if there is
// none.
func SetNamed(name string) KindSet {
	for kind := range kinds {
		if kind > 0 && kinds[kind].name == name {
			return 1 << kind
		}
	}
	return 0
}

// Has reports whether the kind is in the set.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

func (s KindSet) String() string {
	text := ""
	for _, kind := range Kinds() {
		if s.Has(kind) {
			if text != "" {
				text += ", "
			}
			text += kind.String()
		}
	}
	if text == "" {
		return "nothing"
	}
	return text
}
