package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/supervise"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent"
)

// pathCalls are the system calls before which the attacker strikes: those that resolve a
// path, mount, or execute.
var pathCalls = []int32{
	unix.SYS_OPENAT, unix.SYS_OPENAT2, unix.SYS_READLINKAT, unix.SYS_STATX, unix.SYS_FACCESSAT2, unix.SYS_FSTATFS,
	unix.SYS_MKDIRAT, unix.SYS_MKNODAT, unix.SYS_SYMLINKAT, unix.SYS_FCHOWNAT, unix.SYS_FCHMODAT2, unix.SYS_OPEN_TREE, unix.SYS_MOVE_MOUNT,
	unix.SYS_MOUNT_SETATTR, unix.SYS_FSMOUNT, unix.SYS_FSCONFIG, unix.SYS_MOUNT, unix.SYS_UMOUNT2, unix.SYS_PIVOT_ROOT, unix.SYS_SETNS,
	unix.SYS_CHDIR, unix.SYS_FCHDIR, unix.SYS_GETCWD, unix.SYS_EXECVE, unix.SYS_EXECVEAT,
}

// ambush is a name in an image that is swapped for another while fsrun runs it.
type ambush struct {
	name string
	// make adds to the image. The canary contains secrets of the host.
	make       func(t *testing.T, root, canary string)
	edits      []harness.Edit
	one, other string
	// says is what the program prints if it is started, whatever was swapped and when.
	says []string
}

// sources prints what each mount in the container shows of which type of file system. What
// the attacker has moved is there under its other name.
const sources = `
cat /proc/self/mountinfo /proc2/self/mountinfo 2>/dev/null | while read -r _ _ _ root _ _ rest; do
	kind=${rest#*- }
	echo "mount ${kind%% *} $root"
done`

var ambushes = []ambush{
	{
		name: "volume",
		make: func(t *testing.T, root, canary string) {
			for _, name := range []string{"vol/a/empty", "vol/a/hidden"} {
				must(t, os.MkdirAll(filepath.Join(root, name), 0o755))
			}
			for _, name := range []string{"vol/a/secret", "vol/a/hidden/secret", "vol/a/kept"} {
				must(t, os.WriteFile(filepath.Join(root, name), []byte("secret"), 0o666))
			}
			must(t, os.Symlink(canary, filepath.Join(root, "vol/b")))
		},
		edits: []harness.Edit{
			harness.Shell("cat /vol/a/secret /vol/a/hidden/secret 2>/dev/null; (echo x > /vol/a/kept) 2>/dev/null && test ! -L /vol/a && echo written" + sources),
			func(spec *specs.Spec) {
				spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/vol/a/empty", Type: "tmpfs", Source: "tmpfs"})
				spec.Linux.MaskedPaths = append(spec.Linux.MaskedPaths, "/vol/a/secret", "/vol/a/hidden")
				spec.Linux.ReadonlyPaths = append(spec.Linux.ReadonlyPaths, "/vol/a/kept")
				spec.Process.Cwd = "/vol/a/empty"
				spec.Root.Readonly = false
			},
		},
		one: "vol/a", other: "vol/b",
	},
	{
		name: "dev",
		make: func(t *testing.T, root, canary string) {
			must(t, os.Mkdir(root+"/dev", 0o755))
			must(t, os.Symlink(canary, root+"/dev2"))
		},
		edits: []harness.Edit{harness.Shell("cat /secret /proc/keys" + sources), withoutMounts("/dev"), func(spec *specs.Spec) {
			spec.Root.Readonly = false
			spec.Linux.MaskedPaths = append(spec.Linux.MaskedPaths, "/secret")
		}},
		one: "dev", other: "dev2",
	},
	{
		name: "proc",
		make: func(t *testing.T, root, canary string) {
			must(t, os.Mkdir(root+"/proc", 0o755))
			must(t, os.Symlink(canary, root+"/proc2"))
		},
		edits: []harness.Edit{harness.Shell("cat /proc/sys/kernel/shmmax /proc2/sys/kernel/shmmax /proc/keys /proc2/keys 2>/dev/null" + sources), func(spec *specs.Spec) {
			spec.Linux.Sysctl = map[string]string{"kernel.shmmax": "1234567"}
			spec.Root.Readonly = false
		}},
		one: "proc", other: "proc2",
		says: []string{"1234567"},
	},
}

// TestAttackerAtEveryCall makes fsrun run a container again and again, and swaps a name in
// the image for a link to the host before the first, the second, … call of either side that
// resolves a path, mounts or executes. Nothing may change on the host. If the container
// starts, it must have no unexpected mount and all of its protections; otherwise the
// failure must be reported.
//
// CLASS: V4, V5, V6, V7, V9
func TestAttackerAtEveryCall(t *testing.T) {
	wholeInGuest(t)
	harness.Need(t, harness.Container...)
	const strikes = 5 // in an ordinary run, evenly distributed
	for _, a := range ambushes {
		t.Run(a.name, func(t *testing.T) {
			want, calls := a.run(t, 0)
			step := 1
			if !fullRun() {
				step = max(calls/strikes, 1)
			}
			struck, started := 0, 0
			for at := step; at <= calls; at += step {
				said, reached := a.run(t, at)
				if reached < at {
					break // it made fewer calls this time, or it was refused before
				}
				struck++
				if said != nil {
					started++
					a.holds(t, at, want, said)
				}
				if t.Failed() {
					t.Fatalf("when call %d was struck", at)
				}
			}
			t.Logf("figure: calls of run struck, %s %d", a.name, struck)
			t.Logf("of %d calls; %d times it was started", calls, started)
			if struck == 0 {
				t.Error("no call was struck")
			}
		})
	}
}

// holds compares what a program printed that was started although somebody struck.
func (a *ambush) holds(t *testing.T, at int, want, said []string) {
	t.Helper()
	for _, line := range said {
		if !slices.Contains(want, line) {
			t.Errorf("call %d: it says %q, which nobody should", at, line)
		}
	}
	for _, line := range a.says {
		if !slices.Contains(said, line) {
			t.Errorf("call %d: it does not say %q", at, line)
		}
	}
}

// run runs the container, strikes before the at-th call, and returns what the program
// printed, nil if it was not started, and how many calls there were.
func (a *ambush) run(t *testing.T, at int) (said []string, calls int) {
	t.Helper()
	canary := newCanary(t)
	directory := harness.Bundle(t, a.edits...)
	root := filepath.Join(directory, "rootfs")
	must(t, os.WriteFile(root+"/secret", []byte("secret"), 0o644))
	a.make(t, root, canary)
	c := newContainerOf(t, directory)
	command := exec.Command("fsrun", "--root", c.StateRoot, "run", "--bundle", c.Bundle, c.ID)
	stdout, stderr := errorFile(t), errorFile(t)
	command.Stdout, command.Stderr = stdout, stderr
	hung := time.AfterFunc(walkTime, func() { t.Error("it hangs"); _ = command.Process.Kill() })
	programs := map[uint32]bool{}
	ended := supervise.Run(t, command, func(call *sys.Notification) unix.Errno {
		if programs[call.PID] || !slices.Contains(pathCalls, call.Call) {
			return 0
		}
		if calls++; calls == at {
			must(t, unix.Renameat2(unix.AT_FDCWD, filepath.Join(root, a.one), unix.AT_FDCWD, filepath.Join(root, a.other), unix.RENAME_EXCHANGE))
		}
		// What the program itself does does not matter.
		programs[call.PID] = call.Call == unix.SYS_EXECVE && insideAs(call.PID) != ""
		return 0
	})
	hung.Stop()
	must(t, parent.Delete(c.StateRoot, c.ID, true))
	text, failure := written(t, stdout), written(t, stderr)
	if ended != nil && !strings.Contains(failure, "fsrun: ") && text == "" {
		t.Errorf("call %d: it ended with %v and says nothing: %s", at, ended, failure)
	}
	if text == "" {
		return nil, calls
	}
	text = strings.NewReplacer(directory, "", "/"+a.other, "/"+a.one).Replace(text)
	return strings.Split(strings.TrimSuffix(text, "\n"), "\n"), calls
}
