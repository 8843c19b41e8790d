package child

import (
	"os"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
)

func execute() *protocol.Execute { return &protocol.Execute{Origin: at("process"), Directory: "/"} }
func at(path string) protocol.Origin {
	return protocol.Origin{At: path}
}

func arguments(values ...string) *protocol.Arguments {
	return &protocol.Arguments{Origin: at("process.args"), Values: values}
}

func root() *protocol.Root   { return &protocol.Root{Origin: at("root.path"), Source: "/nonexistent"} }
func pivot() *protocol.Pivot { return &protocol.Pivot{Origin: at("root")} }

func listener() *protocol.Listener {
	return &protocol.Listener{Call: protocol.CallSendmsg, State: []byte("{}")}
}

// filtered executes with a filter of a size in bytes.
func filtered(size int, flags uint32) *protocol.Execute {
	op := execute()
	op.Filter, op.FilterFlags = make([]byte, size), flags
	return op
}

// listening executes with a filter that has a listener.
func listening() *protocol.Execute { return filtered(8, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER) }

// sample returns an operation of a kind that fits into a frame.
func sample(kind protocol.OpKind) protocol.Op {
	const path = "/x"
	for _, op := range []protocol.Op{
		&protocol.ResourceLimit{}, &protocol.OOMScore{}, &protocol.Hostname{Name: "h"}, &protocol.Domainname{Name: "d"},
		&protocol.Loopback{}, &protocol.Keyring{Name: "k"}, &protocol.Directory{Path: path}, root(),
		&protocol.Mount{Filesystem: "tmpfs", Destination: path}, &protocol.Bind{Source: path, Destination: path},
		&protocol.Device{Path: path, Type: "c"}, &protocol.Link{Target: path, Path: path}, &protocol.ConsoleOp{},
		&protocol.Sysctl{Key: "kernel.x"}, &protocol.ParentHooks{},
		&protocol.Hook{Point: "createContainer", Path: path}, pivot(), &protocol.RootAttributes{},
		&protocol.Mask{Path: path}, &protocol.ReadOnly{Path: path}, &protocol.Enter{}, arguments("a"),
		&protocol.Environment{}, execute(), &protocol.Personality{}, &protocol.MemoryPolicy{},
		&protocol.Label{Module: protocol.LabelAppArmor, Label: "l"}, listener(), &protocol.Remount{Destination: path},
	} {
		if op.Kind() == kind {
			return op
		}
	}
	return nil
}

// TestMisplacedOperations: a plan whose operations do not belong together is refused before
// the first of them is carried out. All operations before the misplaced one would fail or
// do harm.
//
// SPEC: M-PLAN-1, M-PLAN-2, M-PLAN-4, M-LST-3, M-ACT-12
func TestMisplacedOperations(t *testing.T) {
	for _, test := range []struct {
		name string
		role protocol.Role
		plan []protocol.Op
		op   string // as named by the Fault
		says string
	}{
		{"no execute", protocol.RoleInit, []protocol.Op{root(), arguments("a")}, "arguments[1]", "the last operation of a plan is execute"},
		{"execute twice", protocol.RoleInit, []protocol.Op{root(), arguments("a"), execute(), execute()}, "execute[2]", "it is the last operation"},
		{"execute first", protocol.RoleInit, []protocol.Op{execute(), arguments("a")}, "execute[0]", "it is the last operation"},
		{"root twice", protocol.RoleInit, []protocol.Op{root(), root(), execute()}, "root[1]", "there is one root"},
		{"listener twice", protocol.RoleJoin, []protocol.Op{listener(), listener(), listening()}, "listener[1]", "there is one listener"},
		{"label twice", protocol.RoleJoin, []protocol.Op{sample(protocol.OpLabel), sample(protocol.OpLabel), arguments("a"), execute()}, "label[1]", "there is one label"},
		{"personality twice", protocol.RoleJoin, []protocol.Op{&protocol.Personality{}, &protocol.Personality{}, arguments("a"), execute()}, "personality[1]", "there is one personality"},
		{"memory policy twice", protocol.RoleJoin, []protocol.Op{&protocol.MemoryPolicy{}, &protocol.MemoryPolicy{}, arguments("a"), execute()}, "memory_policy[1]", "there is one memory_policy"},
		{"listener of no filter", protocol.RoleJoin, []protocol.Op{listener(), arguments("a"), execute()}, "execute[2]", "a filter has a listener if"},
		{"listener of an empty filter", protocol.RoleJoin, []protocol.Op{listener(), arguments("a"), filtered(0, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER)}, "execute[2]", "filter flags 0x8, and no filter"},
		{"flags of an empty filter", protocol.RoleJoin, []protocol.Op{arguments("a"), filtered(0, unix.SECCOMP_FILTER_FLAG_LOG)}, "execute[1]", "filter flags 0x2, and no filter"},
		{"filter with a tail", protocol.RoleJoin, []protocol.Op{arguments("a"), filtered(15, 0)}, "execute[1]", "a filter of 15 bytes"},
		{"filter that is all tail", protocol.RoleJoin, []protocol.Op{arguments("a"), filtered(7, 0)}, "execute[1]", "a filter of 7 bytes"},
		{"filter without its listener", protocol.RoleJoin, []protocol.Op{arguments("a"), listening()}, "execute[1]", "a filter has a listener if"},
		{"pivot twice", protocol.RoleInit, []protocol.Op{root(), pivot(), pivot(), execute()}, "pivot[2]", "there is one pivot"},
		{"root for a joining child", protocol.RoleJoin, []protocol.Op{root(), execute()}, "root[0]", "not for the role"},
		{"enter for an init", protocol.RoleInit, []protocol.Op{root(), &protocol.Enter{}, execute()}, "enter[1]", "not for the role"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t)
			s.greets(test.role)
			s.send(&protocol.Plan{Ops: test.plan})
			fault := s.fails(protocol.CodeMalformed)
			if !strings.HasPrefix(fault.Op, test.op) || !strings.Contains(fault.Detail, test.says) {
				t.Errorf("the Fault is %+v; want %s, %q", fault, test.op, test.says)
			}
		})
	}
}

// TestPlacesByTable compares checkPlan with the table of operations, for each operation in
// each role.
//
// SPEC: M-PLAN-2, M-PLAN-4
func TestPlacesByTable(t *testing.T) {
	roles := map[protocol.OpKind]string{}
	for _, description := range protocol.DescribeOps() {
		roles[description.Kind] = description.Roles
	}
	for _, kind := range protocol.OpKinds() {
		op := sample(kind)
		if op == nil {
			t.Errorf("no sample of %s", kind)
			continue
		}
		if kind == protocol.OpExecute || kind == protocol.OpRoot {
			continue
		}
		last := execute()
		if kind == protocol.OpListener {
			last = listening()
		}
		for _, role := range []protocol.Role{protocol.RoleInit, protocol.RoleJoin} {
			listed := strings.Contains(roles[kind], role.String())
			before := []protocol.Op{}
			if role == protocol.RoleInit {
				if err := checkPlan([]protocol.Op{op, root(), arguments("a"), last}, role); listed && (err != nil) != kind.IsBeneathRoot() {
					t.Errorf("%s before root: %v", kind, err)
				}
				before = append(before, root())
			}
			if err := checkPlan(append(before, arguments("a"), op, last), role); (err == nil) != listed {
				t.Errorf("%s, which is for %s, in a plan of role %s: %v", kind, roles[kind], role, err)
			}
		}
	}
}

// TestPathsBeneathRoot lists them by hand: the table in the code must not be the only
// authority.
//
// SPEC: M-PLAN-4
func TestPathsBeneathRoot(t *testing.T) {
	for _, kind := range []protocol.OpKind{
		protocol.OpMount, protocol.OpBind, protocol.OpDevice, protocol.OpLink, protocol.OpDirectory,
		protocol.OpMask, protocol.OpReadOnly, protocol.OpPivot, protocol.OpRootAttributes,
	} {
		if err := checkPlan([]protocol.Op{sample(kind), root(), arguments("a"), execute()}, protocol.RoleInit); err == nil {
			t.Errorf("%s before root is taken", kind)
		}
	}
}

// TestPlanWithoutArguments: without a program to execute, nothing is carried out. The hook
// would leave a mark.
//
// SPEC: M-PLAN-8
func TestPlanWithoutArguments(t *testing.T) {
	file := t.TempDir() + "/notes"
	for _, before := range [][]protocol.Op{{note(0, file, "true")}, {note(0, file, "true"), arguments()}} {
		s := begin(t)
		s.greets(protocol.RoleInit)
		s.send(&protocol.Plan{Ops: append(before, execute())})
		if fault := s.fails(protocol.CodeMalformed); fault.Path != "process.args" || !strings.HasPrefix(fault.Op, "execute[") {
			t.Errorf("the Fault is %+v", fault)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("the operations before execute are carried out")
	}
}

// TestHookOfNoPoint: a hook is not run if its point is one of the parent's, or unknown.
//
// SPEC: M-PLAN-6
func TestHookOfNoPoint(t *testing.T) {
	file := t.TempDir() + "/notes"
	for _, point := range []string{"prestart", "createRuntime", "poststart", "poststop", "CreateContainer", "createContainer ", "x"} {
		hook := note(0, file, "true")
		hook.Point = point
		s := begin(t)
		s.greets(protocol.RoleInit)
		s.send(&protocol.Plan{Ops: []protocol.Op{hook, arguments("/bin/true"), execute()}})
		if fault := s.fails(protocol.CodeMalformed); fault.Path != hook.At || !strings.HasPrefix(fault.Op, "hook[0] ") || !strings.Contains(fault.Detail, point) {
			t.Errorf("%s: the Fault is %+v", point, fault)
		}
	}
	if _, err := os.Stat(file); err == nil {
		t.Error("a hook has run")
	}
}

// TestParts: operations count from the first Part on, and the handoff gets their values
// joined in order.
//
// SPEC: M-PLAN-7
func TestParts(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	s.send(&protocol.Part{Ops: []protocol.Op{arguments("/bin/sh", ""), &protocol.Environment{Values: []string{"A=1", "A=2"}}}})
	s.send(&protocol.Part{Ops: []protocol.Op{arguments("b\xff c")}})
	s.send(&protocol.Plan{Ops: []protocol.Op{arguments(), &protocol.Environment{Values: []string{"B"}}, arguments("d"), execute()}})
	if ended := s.end(); ended.err != nil || ended.state != childmachine.AwaitingCommit {
		t.Fatalf("in %s: %v", ended.state, ended.err)
	}
	if got := strings.Join(s.child.left.Arguments, "|"); got != "/bin/sh||b\xff c|d" {
		t.Errorf("arguments %q", got)
	}
	if got := strings.Join(s.child.left.Environment, "|"); got != "A=1|A=2|B|HOME=/root" {
		t.Errorf("environment %q", got)
	}
}
