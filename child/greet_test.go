package child

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestVersions: the child selects the highest version that both sides speak, which is the
// only one there is, and no feature.
//
// SPEC: M-VER-1, M-VER-4
func TestVersions(t *testing.T) {
	for _, hello := range []protocol.Hello{
		{LowestVersion: 1, HighestVersion: 1},
		{LowestVersion: 1, HighestVersion: math.MaxUint16},
		{LowestVersion: 1, HighestVersion: 2, Features: []string{"a", "b"}},
		{LowestVersion: 1, HighestVersion: 1, Features: []string{"A", "a", "\xff"}},
	} {
		s := begin(t)
		hello.Role = protocol.RoleInit
		s.send(&hello)
		want := &protocol.Welcome{Version: 1}
		if diff := cmp.Diff(want.Version, receive[*protocol.Welcome](s).Version); diff != "" {
			t.Errorf("for %+v (-want +got):\n%s", hello, diff)
		}
		if len(s.child.welcome.Features) != 0 {
			t.Errorf("the child took %q", s.child.welcome.Features)
		}
		s.channel.Close()
		if ended := s.end(); ended.state != childmachine.Dead || asFault(t, ended.err).Code != protocol.CodeGone {
			t.Errorf("ended in %s: %v", ended.state, ended.err)
		}
	}
}

// TestHelloRefused: a Hello that the child cannot agree to ends it, with a Fault that says
// what is wrong.
//
// SPEC: M-VER-2, M-VER-3, M-VER-4
func TestHelloRefused(t *testing.T) {
	for _, test := range []struct {
		name  string
		hello protocol.Hello
		code  protocol.Code
		says  string
	}{
		{"no version in common", protocol.Hello{LowestVersion: 2, HighestVersion: 9}, protocol.CodeVersion, "versions 2..9"},
		{"versions upside down", protocol.Hello{LowestVersion: 2, HighestVersion: 1}, protocol.CodeMalformed, "2..1"},
		{"features repeated", protocol.Hello{LowestVersion: 1, HighestVersion: 1, Features: []string{"a", "a"}}, protocol.CodeMalformed, "ascending"},
		{"features descending", protocol.Hello{LowestVersion: 1, HighestVersion: 1, Features: []string{"a", "b", "ab"}}, protocol.CodeMalformed, "ascending"},
		{"features of a version that is not common", protocol.Hello{LowestVersion: 2, HighestVersion: 2, Features: []string{"z", "a"}}, protocol.CodeMalformed, "ascending"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := begin(t)
			test.hello.Role = protocol.RoleInit
			s.send(&test.hello)
			fault := s.fails(test.code)
			if !strings.Contains(fault.Detail, test.says) || fault.Machine != "child" || fault.State != "greeting" {
				t.Errorf("the Fault is %+v; want %q from child in greeting", fault, test.says)
			}
		})
	}
}

// TestMapsWanted: the child asks for mappings, and hides itself only once they are there.
// Otherwise the files through which the parent writes them would be root's.
func TestMapsWanted(t *testing.T) {
	s := begin(t)
	s.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit, MapsWanted: true})
	receive[*protocol.Welcome](s)
	receive[*protocol.MapRequest](s)
	if dumpable, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); dumpable == 0 {
		t.Error("hidden before the maps are written")
	}
	s.send(&protocol.Fault{Code: protocol.CodeMaps, Detail: "no"})
	if ended := s.end(); ended.state != childmachine.Dead || asFault(t, ended.err).Code != protocol.CodeMaps {
		t.Errorf("ended in %s: %v", ended.state, ended.err)
	}
}

// TestHidden: without mappings, the child is hidden as soon as it has greeted.
//
// SPEC: M-ACT-7
func TestHidden(t *testing.T) {
	s := begin(t)
	s.greets(protocol.RoleInit)
	if dumpable, _ := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); dumpable != 0 {
		t.Errorf("dumpable is %d", dumpable)
	}
	s.channel.Close()
	s.end()
}

// TestDeadlinesOfHello: they apply as soon as Hello is accepted.
//
// SPEC: M-DL-2
func TestDeadlinesOfHello(t *testing.T) {
	s := begin(t)
	s.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit, Deadlines: []protocol.Deadline{
		{State: "awaiting_plan", Milliseconds: 60_000}, {State: "no_state_at_all", Milliseconds: 1},
		{State: "awaiting_plan", Milliseconds: 30},
	}})
	receive[*protocol.Welcome](s)
	began := time.Now()
	fault := s.fails(protocol.CodeTimeout)
	if waited := time.Since(began); waited > 5*time.Second {
		t.Errorf("waited %s", waited)
	}
	if fault.State != "awaiting_plan" || fault.Awaited != "the parent's Plan" {
		t.Errorf("the Fault is %+v", fault)
	}
}

// TestWaits: the handoff uses the deadlines that the parent asked for, otherwise the
// table's; 0 means forever.
//
// SPEC: M-DL-2
func TestWaits(t *testing.T) {
	c := newChild()
	_, err := c.greet(machine.Message{Frame: &protocol.Hello{
		LowestVersion: 1, HighestVersion: 1, MapsWanted: true,
		Deadlines: []protocol.Deadline{
			{State: "committed", Milliseconds: 0}, {State: "attached", Milliseconds: 7}, {State: "attached", Milliseconds: math.MaxUint32},
			{State: "replaced", Milliseconds: 5}, {State: "detached", Milliseconds: 5},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[machine.State]uint32{
		"awaiting_hello": 10_000, "awaiting_maps": 30_000, "awaiting_plan": 30_000, "awaiting_descriptors": 30_000,
		"awaiting_hooks": 600_000, "awaiting_commit": 60_000, "committed": 0, "attached": math.MaxUint32,
	}
	if diff := cmp.Diff(want, c.waits()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
