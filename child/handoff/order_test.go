package handoff

import (
	"io/fs"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// TestOrder: the calls are those of SPEC.md, "Privileged acts", in its order.
//
// SPEC: M-ACT-2, M-ACT-3
func TestOrder(t *testing.T) {
	const filter = "seccomp a filter of 1 instructions"
	for _, test := range []struct {
		name                   string
		noNewPrivs, filtered   bool
		first, last, privilege []string
	}{
		{name: "neither"},
		{name: "filter", filtered: true, first: []string{filter}},
		{name: "no_new_privs", noNewPrivs: true, privilege: []string{"prctl PR_SET_NO_NEW_PRIVS"}},
		{name: "both", noNewPrivs: true, filtered: true, privilege: []string{"prctl PR_SET_NO_NEW_PRIVS"}, last: []string{filter}},
	} {
		t.Run(test.name, func(t *testing.T) {
			op := &protocol.Execute{Directory: "/work", UID: 1, GID: 2, Groups: []uint32{3}, SetsGroups: true, Bounding: bounding(), Ambient: 1 << 5, NoNewPrivs: test.noNewPrivs}
			if test.filtered {
				op.Filter = make([]byte, 8)
			}
			h, err := Compile(Execution{
				Limits: []*protocol.ResourceLimit{{Resource: 7}}, Hooks: []*protocol.Hook{{Path: "/hook"}},
				MemoryPolicy: &protocol.MemoryPolicy{Mode: 2, Nodes: []uint32{0, 5}}, Personality: &protocol.Personality{Persona: 8},
				Label:   &Label{Content: "exec profile", File: 99},
				Execute: op, Programs: []Program{{Path: "/program"}, {Path: "/other/program"}}, Arguments: []string{"program"},
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { unix.Close(h.hooks[0].output); unix.Close(h.hooks[0].writing) })
			before := slices.Concat([]string{
				"close_range", "prlimit RLIMIT_NOFILE 0:0", "set_mempolicy mode 0x2, nodes [0 5]", "personality 0x8", "chdir /work",
			}, test.first, []string{
				"umask", "setgroups [3]", "prctl PR_SET_KEEPCAPS", "setresgid 2", "setresuid 1",
				"capset", "prctl PR_CAP_AMBIENT_CLEAR_ALL", "prctl PR_CAP_AMBIENT_RAISE 5", "write exec profile",
			}, test.privilege)
			early, late := h.filter.program.Names(), []string(nil)
			if !h.early {
				early, late = nil, early
			}
			if diff := cmp.Diff(before, slices.Concat(h.first.Names(), h.directory.change.Names(), early, h.identity.Names())); diff != "" {
				t.Errorf("before the hooks (-want +got):\n%s", diff)
			}
			hook := []string{"setpgid", "dup3 standard input", "dup3 standard output", "dup3 standard error", "close_range", "execve /hook"}
			if diff := cmp.Diff(hook, h.hooks[0].program.Names()); diff != "" {
				t.Errorf("the hook (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(append(test.last, "execve /program", "execve /other/program"), slices.Concat(late, h.programs.calls.Names())); diff != "" {
				t.Errorf("after the hooks (-want +got):\n%s", diff)
			}
		})
	}
}

// TestCodes: a call that fails is told with the code of its step, its number and
// its object.
//
// SPEC: M-ACT-8
func TestCodes(t *testing.T) {
	for call, code := range map[string]protocol.Code{
		"close_range": protocol.CodeExec, "prlimit": protocol.CodeOperation, "seccomp": protocol.CodeSeccomp,
		"umask": protocol.CodeCredentials, "setgroups": protocol.CodeCredentials, "prctl": protocol.CodeCredentials,
		"setresgid": protocol.CodeCredentials, "setresuid": protocol.CodeCredentials, "capset": protocol.CodeCredentials,
		"write": protocol.CodeCredentials, "set_mempolicy": protocol.CodeOperation, "personality": protocol.CodeOperation,
		handingOver: protocol.CodeSeccomp, "chdir": protocol.CodeExec, "getcwd": protocol.CodeExec, "execve": protocol.CodeExec,
	} {
		fault := explain(&fs.PathError{Op: call, Path: "object", Err: unix.EPERM})
		if fault.Code != code || fault.Call != call || fault.Errno != unix.EPERM || fault.Object != "object" || fault.Path == "" {
			t.Errorf("%s: the Fault is %+v", call, fault)
		}
	}
}
