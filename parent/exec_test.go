package parent

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/state"
)

// TestDerivedProcess: what a process that joins has more than the container's own must not
// reach the container's own, with which it is compared.
func TestDerivedProcess(t *testing.T) {
	own := func() *specs.Process {
		return &specs.Process{
			Terminal: true, Cwd: "/", Args: []string{"/bin/init"},
			Env:  append(make([]string, 0, 8), "A=1"),
			User: specs.User{AdditionalGids: append(make([]uint32, 0, 8), 4)},
			Capabilities: &specs.LinuxCapabilities{
				Bounding: append(make([]string, 0, 8), "CAP_KILL"), Effective: append(make([]string, 0, 8), "CAP_KILL"),
			},
		}
	}
	container := own()
	first, second := copyOf(container), copyOf(container)
	if first.Terminal {
		t.Error("it has the container's terminal")
	}
	for _, derived := range []*specs.Process{first, second} {
		derived.Args = []string{"/bin/other"}
		derived.Cwd += "tmp"
		derived.Env = append(derived.Env, "B=2")
		derived.User.AdditionalGids = append(derived.User.AdditionalGids, 5)
		derived.Capabilities.Bounding = append(derived.Capabilities.Bounding, "CAP_SYS_PTRACE")
		derived.Capabilities.Effective = nil
	}
	first.Env[1] = "B=3"
	if second.Env[1] != "B=2" {
		t.Error("two processes share what was appended")
	}
	if different := cmp.Diff(own(), container); different != "" {
		t.Errorf("the container's own process (- before, + after):\n%s", different)
	}
}

// firstThreadEnds, in the environment of a test, makes it a process whose first thread ends.
// The runtime has others.
const firstThreadEnds = "FSRUN_TEST_FIRST_THREAD_ENDS"

func init() {
	if os.Getenv(firstThreadEnds) != "" { // on the first thread, as everything before main
		syscall.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
	}
}

// TestJoiningWhatEnds: that the namespaces of a container have gone while they were opened
// says that it is not running, in the words for that.
func TestJoiningWhatEnds(t *testing.T) {
	living, err := state.ThisProcess()
	if err != nil {
		t.Fatal(err)
	}
	ended := living
	ended.StartTime--
	ending := exec.Command("/proc/self/exe")
	ending.Env = append(os.Environ(), firstThreadEnds+"=yes")
	if err := ending.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = ending.Process.Kill()
		_ = ending.Wait() // it was killed
	}()
	half := state.Process{PID: ending.Process.Pid}
	if half.StartTime, err = state.StartTime(half.PID); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if exiting, err := state.Exiting(half.PID); exiting {
			break
		} else if err != nil || time.Now().After(end) {
			t.Fatal("its first thread does not end: ", err)
		}
	}
	if !half.Alive() {
		t.Fatal("it has no other threads: the test shows nothing")
	}
	missing := &fs.PathError{Op: "open", Path: "/proc/1/ns/cgroup", Err: unix.ENOENT}
	for init, want := range map[state.Process]error{living: missing, ended: ErrNotRunning, half: ErrNotRunning} {
		j := &joining{container: &state.Container{ID: "a", Init: init}}
		if err := j.endedMeanwhile(missing); !errors.Is(err, want) {
			t.Errorf("%v: %v; want %v", init, err, want)
		}
	}
}
