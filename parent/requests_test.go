package parent

import (
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/mountfd"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// TestOpenRefusals: a child gets the descriptors that our own plan says it needs, once, and
// in order. Operations 0 and 2 may be opened, even without privileges; every refused
// request but one names one of them.
//
// SPEC: M-TRUST-4
func TestOpenRefusals(t *testing.T) {
	plan := []protocol.Op{
		&protocol.Enter{},
		&protocol.Bind{Source: "/", Destination: "/a"}, // the child opens it
		&protocol.Enter{},
		&protocol.Hostname{Name: "host"},
	}
	for _, test := range []struct {
		name    string
		earlier []uint32
		asked   []uint32
		code    protocol.Code
	}{
		{"repeated", nil, []uint32{0, 0}, protocol.CodeUnexpected},
		{"descending", nil, []uint32{2, 0}, protocol.CodeUnexpected},
		{"given before", []uint32{0}, []uint32{0}, protocol.CodeUnexpected},
		{"given before, among others", []uint32{2}, []uint32{0, 2}, protocol.CodeUnexpected},
		{"beyond the plan", nil, []uint32{0, 4}, protocol.CodeOpen},
		{"far beyond the plan", nil, []uint32{0, 1<<32 - 1}, protocol.CodeOpen},
		{"bind that is not by the parent", nil, []uint32{0, 1}, protocol.CodeOpen},
		{"nothing to open", nil, []uint32{3}, protocol.CodeOpen},
	} {
		t.Run(test.name, func(t *testing.T) {
			container := ourselves(t)
			r, err := newRequests(plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			if test.earlier != nil {
				if _, err := r.open(openRequest(test.earlier), container); err != nil {
					t.Fatal(err)
				}
				for _, descriptor := range r.given {
					t.Cleanup(func() { unix.Close(descriptor) })
				}
			}
			before := countDescriptors(t)
			_, err = r.open(openRequest(test.asked), container)
			wantFault(t, err, test.code)
			if after := countDescriptors(t); after != before {
				t.Errorf("%d descriptors are open, %d before the refused request", after, before)
			}
		})
	}
}

func openRequest(ops []uint32) machine.Message {
	return machine.Message{Frame: &protocol.OpenRequest{Ops: ops}}
}

// ourselves is this process, as one whose mount namespace may be requested.
func ourselves(t *testing.T) mountfd.Process {
	t.Helper()
	pidfd, err := unix.PidfdOpen(os.Getpid(), 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(pidfd) })
	start, err := state.StartTime(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	return mountfd.Process{Pidfd: pidfd, Start: start}
}

func countDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestConsoleOnce: a terminal's master is accepted if the plan has a terminal, and only
// one; another is closed and reaches nobody.
//
// SPEC: M-TRUST-5
func TestConsoleOnce(t *testing.T) {
	for _, test := range []struct {
		name  string
		plan  []protocol.Op
		taken int // of two
	}{
		{"unplanned", []protocol.Op{&protocol.ParentHooks{}}, 0},
		{"second", []protocol.Op{&protocol.ConsoleOp{}}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := newRequests(test.plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			taken := 0
			take := func(master int) error {
				taken++
				return unix.Close(master)
			}
			for i := range 2 {
				master, err := unix.Open("/dev/null", unix.O_RDWR|unix.O_CLOEXEC, 0)
				if err != nil {
					t.Fatal(err)
				}
				_, err = r.deliver(master, "", take)
				if i < test.taken {
					if err != nil {
						t.Fatal(err)
					}
					continue
				}
				wantFault(t, err, protocol.CodeUnexpected)
				if _, err := unix.FcntlInt(uintptr(master), unix.F_GETFD, 0); err != unix.EBADF { //nolint:errorlint // bare errno
					t.Errorf("the refused master: got %v, want it closed", err)
				}
			}
			if taken != test.taken {
				t.Errorf("%d masters were taken, want %d", taken, test.taken)
			}
		})
	}
}

// TestHooksOnce: the parent's hooks run if the plan has them, and only once.
//
// SPEC: M-TRUST-5
func TestHooksOnce(t *testing.T) {
	for _, test := range []struct {
		name    string
		plan    []protocol.Op
		earlier int
	}{
		{"unplanned", []protocol.Op{&protocol.ConsoleOp{}}, 0},
		{"second", []protocol.Op{&protocol.ParentHooks{}}, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, err := newRequests(test.plan, nil)
			if err != nil {
				t.Fatal(err)
			}
			for range test.earlier {
				if err := r.once(protocol.OpParentHooks); err != nil {
					t.Fatal(err)
				}
			}
			_, err = (&handshake{prepared: &prepared{requests: r}}).runHooks(machine.Message{Frame: &protocol.HooksRequest{}})
			wantFault(t, err, protocol.CodeUnexpected)
		})
	}
}
