package harness

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

func TestMain(m *testing.M) {
	if err := Isolate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// recorder counts a test's failures, and keeps the last message.
type recorder struct {
	testing.TB
	failures int
	said     string
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, values ...any) {
	r.failures++
	r.said = fmt.Sprintf(format, values...)
}

// leaks are what a container can leave behind. Each is made, must be noticed, and is undone
// by the returned function.
var leaks = map[string]func(t *testing.T, place string) (undo func()){
	"a process": func(t *testing.T, _ string) func() {
		command := exec.Command("sleep", "1000")
		must(t, command.Start())
		return func() { _ = command.Process.Kill(); _ = command.Wait() }
	},
	"a mount": func(t *testing.T, _ string) func() {
		directory := t.TempDir()
		must(t, unix.Mount("tmpfs", directory, "tmpfs", 0, ""))
		return func() { must(t, unix.Unmount(directory, 0)) }
	},
	"a cgroup": func(t *testing.T, _ string) func() {
		name := CgroupMount + Slice()
		must(t, os.Mkdir(name, 0o755))
		return func() { must(t, os.Remove(name)) }
	},
	"a file": func(t *testing.T, place string) func() {
		name := filepath.Join(place, "file")
		must(t, os.WriteFile(name, nil, 0o600))
		return func() { must(t, os.Remove(name)) }
	},
	"another owner": func(t *testing.T, place string) func() {
		must(t, os.Chown(place, 1, -1))
		return func() { must(t, os.Chown(place, 0, -1)) }
	},
	"a descriptor": func(t *testing.T, _ string) func() {
		descriptor, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
		must(t, err)
		return func() { unix.Close(descriptor) }
	},
	"standard input closed": func(t *testing.T, _ string) func() {
		kept, err := unix.Dup(0)
		must(t, err)
		must(t, unix.Close(0))
		return func() { must(t, unix.Dup2(kept, 0)); unix.Close(kept) }
	},
	"a program": func(t *testing.T, _ string) func() {
		program, err := sys.BPFLoad(sys.BPFProgram{
			Type: unix.BPF_PROG_TYPE_CGROUP_DEVICE, License: "GPL",
			// r0 = 1; exit
			Instructions: []byte{0xb7, 0, 0, 0, 1, 0, 0, 0, 0x95, 0, 0, 0, 0, 0, 0, 0},
		})
		must(t, err)
		return func() { unix.Close(program) }
	},
}

func TestSnapshotSeesEveryLeak(t *testing.T) {
	Need(t, Root, CgroupTree)
	for name, leak := range leaks {
		t.Run(name, func(t *testing.T) {
			place := t.TempDir()
			snapshot := Watch(t, place)
			snapshot.patience = 50 * time.Millisecond
			undo := leak(t, place)
			seen := &recorder{TB: t}
			snapshot.SettledFor(seen)
			undo()
			if seen.failures != 1 {
				t.Errorf("it was not seen")
			}
			snapshot.patience = settleTime
			snapshot.Settled()
		})
	}
}

// An orphan is adopted and reaped, so that the set of processes settles.
func TestOrphansAreReaped(t *testing.T) {
	Need(t, Root)
	snapshot := Watch(t)
	must(t, exec.Command("sh", "-c", "sleep 0.1 & exit 0").Run())
	snapshot.Settled()
}

// Removing a mount is noticed. If somebody else removes its mount point in another mount
// namespace, the container is not blamed.
func TestSnapshotSeesMountsThatAreTakenAway(t *testing.T) {
	Need(t, Root)
	for _, test := range []struct {
		name string
		take func(place string) error
		seen int
	}{
		{"unmounted", func(place string) error { return unix.Unmount(place, 0) }, 1},
		{"removed elsewhere", func(place string) error {
			elsewhere := exec.Command("sh", "-c", "umount "+place+" && rmdir "+place)
			elsewhere.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNS}
			return elsewhere.Run()
		}, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			place := Directory(t)
			must(t, unix.Mount("tmpfs", place, "tmpfs", 0, ""))
			snapshot := Watch(t)
			if test.seen > 0 { // what settles is given time: others' programs may disappear during this test
				snapshot.patience = 50 * time.Millisecond
			}
			must(t, test.take(place))
			seen := &recorder{TB: t}
			snapshot.SettledFor(seen)
			if seen.failures != test.seen {
				t.Errorf("it was seen %d times: %s", seen.failures, seen.said)
			}
		})
	}
}
