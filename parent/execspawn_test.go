package parent

import (
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/state"
)

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
		if err := j.orEnded(missing); !strings.Contains(err.Error(), want.Error()) {
			t.Errorf("%v: %v; want %v", init, err, want)
		}
	}
}
