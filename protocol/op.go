package protocol

import (
	"fmt"

	"github.com/vmihailenco/msgpack/v5"
)

// OpKind says what an operation does. The numbers are those on the wire.
type OpKind uint8

// The kinds of operation (SPEC.md, "Operations").
const (
	OpResourceLimit OpKind = 1 + iota
	OpOOMScore
	OpHostname
	OpDomainname
	OpLoopback
	OpKeyring
	OpDirectory
	OpRoot
	OpMount
	OpBind
	OpDevice
	OpLink
	OpConsole
	OpSysctl
	OpParentHooks
	OpHook
	OpPivot
	OpRootAttributes
	OpMask
	OpReadOnly
	OpEnter
	OpArguments
	OpEnvironment
	OpExecute
	OpRemount
	OpPersonality
	OpMemoryPolicy
	OpLabel
	OpListener
)

// An Op is one step of a plan. The child carries out a plan's operations in order.
type Op interface {
	Kind() OpKind
	// From is the JSON path in config.json that the operation comes from, such
	// as "mounts[3]".
	From() string
	// Object names what the operation is about, for people.
	Object() string

	fields() fields
}

// Describe names an operation for people: "mount[3] tmpfs on /dev/shm".
func Describe(op Op, index int) string {
	text := fmt.Sprintf("%s[%d]", op.Kind(), index)
	if object := op.Object(); object != "" {
		text += " " + object
	}
	return text
}

type opRow struct {
	name    string
	roles   roles
	beneath bool // its paths are beneath the root
	draft   func() draft
	meaning string
}

// roles is a set of roles: bit n stands for the role n.
type roles uint8

const (
	forInit = roles(1 << RoleInit)
	forJoin = roles(1 << RoleJoin)
	forBoth = forInit | forJoin
)

func (r roles) String() string {
	switch r {
	case forInit:
		return RoleInit.String()
	case forJoin:
		return RoleJoin.String()
	}
	return RoleInit.String() + ", " + RoleJoin.String()
}

// ops is the closed set, indexed by OpKind; index 0 is no operation.
var ops = [...]opRow{
	OpResourceLimit: {"resource_limit", forBoth, false, draftOf[ResourceLimit],
		"set a resource limit (setrlimit(2))"},
	OpOOMScore: {"oom_score", forInit, false, draftOf[OOMScore],
		"write /proc/self/oom_score_adj"},
	OpHostname: {"hostname", forInit, false, draftOf[Hostname],
		"set the host name of the child's UTS namespace"},
	OpDomainname: {"domainname", forInit, false, draftOf[Domainname],
		"set the NIS domain name of the child's UTS namespace"},
	OpLoopback: {"loopback", forInit, false, draftOf[Loopback],
		"bring up the interface lo of the child's network namespace"},
	OpKeyring: {"keyring", forBoth, false, draftOf[Keyring],
		"join a new session keyring"},
	OpDirectory: {"directory", forInit, true, draftOf[Directory],
		"make a directory, and those above it, where nothing stands"},
	OpRoot: {"root", forInit, false, draftOf[Root],
		"open the root file system and set mount propagation; all later paths are beneath it"},
	OpMount: {"mount", forInit, true, draftOf[Mount],
		"mount a new file system instance"},
	OpBind: {"bind", forInit, true, draftOf[Bind],
		"bind-mount a directory or file"},
	OpDevice: {"device", forInit, true, draftOf[Device],
		"make a device node, or bind the host's where a user namespace forbids making one"},
	OpLink: {"link", forInit, true, draftOf[Link],
		"make a symbolic link where nothing stands"},
	OpConsole: {"console", forBoth, false, draftOf[ConsoleOp],
		"open a pseudoterminal in the container, send its master, make it the controlling terminal"},
	OpSysctl: {"sysctl", forInit, false, draftOf[Sysctl],
		"write a kernel parameter of the child's namespaces"},
	OpParentHooks: {"parent_hooks", forInit, false, draftOf[ParentHooks],
		"exchange HooksRequest and HooksDone"},
	OpHook: {"hook", forInit, false, draftOf[Hook],
		"run a hook in the container namespaces"},
	OpPivot: {"pivot", forInit, true, draftOf[Pivot],
		"make the root file system the root and leave the old one"},
	OpRootAttributes: {"root_attributes", forInit, true, draftOf[RootAttributes],
		"set the root mount read-only and its propagation"},
	OpMask: {"mask", forInit, true, draftOf[Mask],
		"cover a path so that nothing can be read from it"},
	OpReadOnly: {"read_only", forInit, true, draftOf[ReadOnly],
		"make a path read-only"},
	OpEnter: {"enter", forJoin, false, draftOf[Enter],
		"join the container's mount namespace, whose descriptor the parent opens, and take its root"},
	OpArguments: {"arguments", forBoth, false, draftOf[Arguments],
		"append to the program's arguments"},
	OpEnvironment: {"environment", forBoth, false, draftOf[Environment],
		"append to the program's environment"},
	OpExecute: {"execute", forBoth, false, draftOf[Execute],
		"what is done after Start, in the order of SPEC.md, \"Privileged acts\"; always the last operation"},
	OpRemount: {"remount", forInit, true, draftOf[Remount],
		"change a mount that an earlier operation made"},
	OpPersonality: {"personality", forBoth, false, draftOf[Personality],
		"set the execution domain (personality(2))"},
	OpMemoryPolicy: {"memory_policy", forBoth, false, draftOf[MemoryPolicy],
		"set the NUMA memory policy (set_mempolicy(2))"},
	OpLabel: {"label", forBoth, false, draftOf[Label],
		"have a security module label the program"},
	OpListener: {"listener", forBoth, false, draftOf[Listener],
		"hand the filter's listener over, by the connection that Start carries"},
}

// OpKinds lists every kind of operation in wire order.
func OpKinds() []OpKind {
	all := make([]OpKind, 0, len(ops)-1)
	for kind := 1; kind < len(ops); kind++ {
		all = append(all, OpKind(kind))
	}
	return all
}

// String is the kind's name in SPEC.md.
func (k OpKind) String() string {
	if k == 0 || int(k) >= len(ops) {
		return fmt.Sprintf("operation %d", uint8(k))
	}
	return ops[k].name
}

// IsFor reports whether a child in the role accepts the operation.
func (k OpKind) IsFor(role Role) bool { return ops[k].roles&(1<<role) != 0 }

// IsBeneathRoot reports whether the operation's paths are beneath the root, which an
// earlier operation must have opened.
func (k OpKind) IsBeneathRoot() bool { return ops[k].beneath }

var opPrototypes [len(ops)]prototype

func (k OpKind) prototype() fields {
	return opPrototypes[k].fields(func() fields { return ops[k].draft().fields() })
}

// A draft holds an operation of one kind while its fields are read or written. All
// operations of that kind in a frame share one draft, so that their fields are listed only
// once.
type draft interface {
	fields() fields
	// put copies an operation of the draft's kind into it.
	put(Op)
	// take returns the operation that the draft holds and empties the draft.
	take() Op
}

type drafted[T any, P interface {
	*T
	Op
}] struct {
	op   T
	list fields // bound to op
}

func draftOf[T any, P interface {
	*T
	Op
}]() draft {
	d := new(drafted[T, P])
	d.list = P(&d.op).fields()
	return d
}

func (d *drafted[T, P]) fields() fields { return d.list }
func (d *drafted[T, P]) put(op Op)      { d.op = *op.(P) }

func (d *drafted[T, P]) take() Op {
	taken := d.op
	var empty T
	d.op = empty
	return P(&taken)
}

// opValue is an operation inside a frame: an array of its kind and a map of its
// fields.
type opValue struct {
	to     *Op
	drafts *[len(ops)]draft // those needed so far
}

func operation(to *Op) value { return opValue{to, new([len(ops)]draft)} }

func (v opValue) draft(kind OpKind) draft {
	if v.drafts[kind] == nil {
		v.drafts[kind] = ops[kind].draft()
	}
	return v.drafts[kind]
}

func (v opValue) scan(s scanner) scanner {
	if count := s.measured("an operation", 0x90, 16, arrayForms); s.rejected == nil && count != 2 {
		s.reject("an operation is an array of 2 elements, not %d", count)
	}
	s.enter()
	kind := s.unsigned(1, uint64(len(ops)-1))
	if s.rejected == nil {
		s.object(OpKind(kind).prototype())
	}
	s.leave()
	return s
}

func (v opValue) decode(d *msgpack.Decoder) error {
	if _, err := d.DecodeArrayLen(); err != nil {
		return err
	}
	kind, err := d.DecodeUint64()
	if err != nil {
		return err
	}
	draft := v.draft(OpKind(kind))
	if err := decodeFields(d, draft.fields()); err != nil {
		return err
	}
	*v.to = draft.take()
	return nil
}

func (v opValue) encode(e *msgpack.Encoder) error {
	op := *v.to
	if op == nil {
		return outOfRange{"no operation"}
	}
	draft := v.draft(op.Kind())
	draft.put(op)
	if err := encodeTagged(e, uint64(op.Kind()), draft.fields()); err != nil {
		return fmt.Errorf("%s: %w", op.Kind(), err)
	}
	return nil
}

func (v opValue) describe() string {
	return "operation: an array of its kind and a map of its fields"
}
