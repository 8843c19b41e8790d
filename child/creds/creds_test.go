package creds

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// onThread calls run on a thread with its own credentials and umask, which then ends: raw
// system calls change only the thread.
func onThread(t *testing.T, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if err := unix.Unshare(unix.CLONE_FS); err != nil {
			t.Errorf("unshare CLONE_FS: %v", err)
			return
		}
		run()
	}()
	<-done
}

// status is the thread's own.
func status(t *testing.T) map[string]string {
	t.Helper()
	content, err := os.ReadFile("/proc/thread-self/status")
	if err != nil {
		t.Error(err)
	}
	fields := map[string]string{}
	for _, line := range strings.Split(string(content), "\n") {
		name, value, _ := strings.Cut(line, ":")
		fields[name] = strings.Join(strings.Fields(value), " ")
	}
	return fields
}

// permitted returns the capabilities that this thread may pass on.
func permitted(t *testing.T) uint64 {
	t.Helper()
	set, err := strconv.ParseUint(status(t)["CapPrm"], 16, 64)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

const (
	chown   = 1 << unix.CAP_CHOWN
	kill    = 1 << unix.CAP_KILL
	netBind = 1 << unix.CAP_NET_BIND_SERVICE
	highest = 1 << unix.CAP_CHECKPOINT_RESTORE // in the upper 32 bits
)

// TestIdentity: all five capability sets, all IDs, the groups and the umask are exactly
// those of the operation, for root and for others.
//
// SPEC: M-ACT-5
// CLASS: V10
func TestIdentity(t *testing.T) {
	harness.Need(t, harness.Root)
	all := permitted(t)
	for _, test := range []struct {
		name string
		op   protocol.Execute
	}{
		{"root with nothing", protocol.Execute{}},
		{"user with nothing", protocol.Execute{UID: 1000, GID: 1000}},
		{"root with all", protocol.Execute{Bounding: all, Effective: all, Permitted: all, Inheritable: all, Ambient: all}},
		{"user with all", protocol.Execute{UID: 1, GID: 2, Bounding: all, Effective: all, Permitted: all, Inheritable: all, Ambient: all}},
		{"user with a few of each", protocol.Execute{
			UID: 1000, GID: 100, Groups: []uint32{5, 6, 4294967294},
			Bounding: chown | kill | highest, Permitted: kill | highest | netBind, Effective: kill,
			Inheritable: kill | highest, Ambient: highest,
		}},
		{"permitted but not bounding", protocol.Execute{UID: 1000, Permitted: netBind, Effective: netBind}},
		{"inheritable alone", protocol.Execute{UID: 1000, Bounding: chown, Inheritable: chown}},
		{"highest ids", protocol.Execute{UID: 4294967294, GID: 4294967294}},
		{"umask of all", protocol.Execute{Umask: 0o777}},
	} {
		t.Run(test.name, func(t *testing.T) {
			op := test.op
			op.SetsGroups = true
			onThread(t, func() {
				var program sys.Program
				if err := errors.Join(Identity(&program, &op), program.Run()); err != nil {
					t.Error(err)
					return
				}
				want(t, &op, status(t))
			})
		})
	}
}

func want(t *testing.T, op *protocol.Execute, got map[string]string) {
	t.Helper()
	groups := make([]string, len(op.Groups))
	for i, group := range op.Groups {
		groups[i] = fmt.Sprint(group)
	}
	for field, value := range map[string]string{
		"Uid": strings.TrimSpace(strings.Repeat(fmt.Sprint(op.UID, " "), 4)),
		"Gid": strings.TrimSpace(strings.Repeat(fmt.Sprint(op.GID, " "), 4)),
		// real, effective, saved and file system ID
		"Groups": strings.Join(groups, " "), "Umask": fmt.Sprintf("%04o", op.Umask),
		"CapInh": hexadecimal(op.Inheritable), "CapPrm": hexadecimal(op.Permitted), "CapEff": hexadecimal(op.Effective),
		"CapBnd": hexadecimal(op.Bounding), "CapAmb": hexadecimal(op.Ambient), "NoNewPrivs": "0",
	} {
		if got[field] != value {
			t.Errorf("%s is %q; want %q", field, got[field], value)
		}
	}
}

func hexadecimal(set uint64) string { return fmt.Sprintf("%016x", set) }

// TestSetsAreReplaced: what was ambient or inheritable before is so no longer.
//
// SPEC: M-ACT-5
// CLASS: V10
func TestSetsAreReplaced(t *testing.T) {
	harness.Need(t, harness.Root)
	onThread(t, func() {
		const before = chown | kill | 1<<unix.CAP_SETPCAP // without it nothing more can be dropped
		for _, op := range []protocol.Execute{
			{Bounding: before, Permitted: before, Effective: before, Inheritable: before, Ambient: before},
			{Bounding: chown, Permitted: chown, Effective: chown},
		} {
			var program sys.Program
			if err := errors.Join(Identity(&program, &op), program.Run()); err != nil {
				t.Error(err)
				return
			}
			want(t, &op, status(t))
		}
	})
}

// TestGroupsAreLeft: setgroups(2) is not called where it is denied.
func TestGroupsAreLeft(t *testing.T) {
	var program sys.Program
	if err := Identity(&program, &protocol.Execute{Groups: []uint32{1}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range program.Names() {
		if strings.HasPrefix(name, "setgroups") {
			t.Error(name)
		}
	}
}

// TestWhatIsNotHeldIsRefused: permitting or raising a capability that is not held fails,
// and names the call.
func TestWhatIsNotHeldIsRefused(t *testing.T) {
	harness.Need(t, harness.Root)
	for name, op := range map[string]protocol.Execute{
		"prctl":  {Bounding: kill, Permitted: kill, Ambient: kill},           // ambient, not inheritable
		"capset": {Bounding: kill, Permitted: kill, Effective: kill | chown}, // effective, not permitted
	} {
		onThread(t, func() {
			var program sys.Program
			if err := Identity(&program, &op); err != nil {
				t.Error(err)
				return
			}
			if err := program.Run(); !errors.Is(err, unix.EPERM) || !strings.HasPrefix(err.Error(), name) {
				t.Errorf("%s: the error is %v", name, err)
			}
		})
	}
}

// TestWhatWouldBeLeftOutIsRefused: a capability that is no longer in the bounding set, or
// that the kernel does not know, is refused before anything is done. The kernel would
// ignore it.
//
// SPEC: M-ACT-5, M-ACT-13
func TestWhatWouldBeLeftOutIsRefused(t *testing.T) {
	harness.Need(t, harness.Root)
	const unknown = 1 << 63
	for name, op := range map[string]protocol.Execute{
		"bounding":    {Bounding: kill | chown},
		"effective":   {Bounding: kill, Permitted: kill, Effective: unknown},
		"permitted":   {Bounding: kill, Permitted: kill | unknown},
		"inheritable": {Bounding: kill, Inheritable: unknown},
		"ambient":     {Bounding: kill, Ambient: unknown},
	} {
		onThread(t, func() {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_CHOWN, 0, 0, 0); err != nil {
				t.Error(err)
				return
			}
			var program sys.Program
			var fault *protocol.Fault
			if err := Identity(&program, &op); !errors.As(err, &fault) || fault.Code != protocol.CodeCredentials || fault.Path != "process.capabilities."+name {
				t.Errorf("%s: the error is %v", name, err)
			}
			if names := program.Names(); len(names) > 0 {
				t.Errorf("%s: the calls are %q", name, names)
			}
		})
	}
	onThread(t, func() { // a capability outside the bounding set can still be held
		op := protocol.Execute{Permitted: chown, Effective: chown, SetsGroups: true}
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_CHOWN, 0, 0, 0); err != nil {
			t.Error(err)
			return
		}
		var program sys.Program
		if err := errors.Join(Identity(&program, &op), program.Run()); err != nil {
			t.Error(err)
			return
		}
		want(t, &op, status(t))
	})
}

func TestNoNewPrivs(t *testing.T) {
	onThread(t, func() {
		var program sys.Program
		NoNewPrivs(&program)
		if err := program.Run(); err != nil {
			t.Error(err)
		}
		if got := status(t)["NoNewPrivs"]; got != "1" {
			t.Errorf("no_new_privs is %s", got)
		}
	})
}
