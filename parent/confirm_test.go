package parent

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
)

// bearName gives a shell the child's name.
const bearName = "printf " + protocol.ChildComm + " >/proc/self/comm; "

// TestExecuted tests real processes whose channel has closed.
//
// SPEC: M-EXE-2, M-EXE-3
func TestExecuted(t *testing.T) {
	for _, test := range []struct {
		name    string
		script  string
		until   func(*testing.T, *process) // waits for the state to be tested
		goOn    bool                       // the shell continues while it is being tested
		died    bool
		atLeast time.Duration
	}{
		{name: "another name, alive", script: "read line", until: untilNamed("sh")},
		{name: "another name, zombie", script: "exit 0", until: untilEnded},
		{name: "reaped by another", script: bearName + "exit 0", until: untilReaped},
		{name: "the child's name, zombie", script: bearName + "exit 0", until: untilEnded, died: true},
		{name: "the child's name, killed", script: bearName + "kill -KILL $$", until: untilEnded, died: true},
		{name: "the child's name, then executed", script: bearName + "read line; exec sleep 60", until: untilNamed(protocol.ChildComm), goOn: true},
		{name: "the child's name, then dead", script: bearName + "read line; exit 0", until: untilNamed(protocol.ChildComm), goOn: true, died: true},
		{name: "the child's name for good", script: bearName + "read line", until: untilNamed(protocol.ChildComm), atLeast: confirmTimeout},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			child, input := shell(t, test.script)
			test.until(t, child)
			if test.goOn {
				time.AfterFunc(20*time.Millisecond, func() { _, _ = io.WriteString(input, "\n") })
			}
			begin := time.Now()
			event, err := child.executed()
			if took := time.Since(begin); took < test.atLeast {
				t.Errorf("decided after %v, want %v at least", took, test.atLeast)
			}
			if test.died {
				wantFault(t, err, protocol.CodeGone)
			} else if err != nil || event != parentmachine.Executed {
				t.Errorf("got %q, %v, want %q", event, err, parentmachine.Executed)
			}
			// A shell with built-in programs is "exe" before it is "sleep".
			if test.goOn && !test.died && nameOf(t, child) == protocol.ChildComm {
				t.Error("decided while it still bore the child's name")
			}
		})
	}
}

// TestExecutedWhileExiting: a killed init has closed its descriptors but stays as long as
// somebody else's tracer keeps a process in its namespace from being reaped.
//
// SPEC: M-EXE-2, M-EXE-3
func TestExecutedWhileExiting(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root may make namespaces")
	}
	runtime.LockOSThread() // the tracer
	defer runtime.UnlockOSThread()
	init, _ := shellIn(t, unix.CLONE_NEWPID, "sleep 60 & "+bearName+"wait")
	untilNamed(protocol.ChildComm)(t, init)
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%[1]d/children", init.pid))
	if err != nil {
		t.Fatal(err)
	}
	other, err := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.PtraceSeize(other); err != nil {
		t.Fatal(err)
	}
	if err := init.signal(unix.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		exiting, err := state.Exiting(init.pid)
		if err != nil || time.Now().After(end) {
			t.Fatal("it does not begin to exit: ", err)
		}
		if exiting {
			break
		}
	}
	_, err = init.executed()
	wantFault(t, err, protocol.CodeGone)
	if !init.alive() {
		t.Error("it had ended: the test shows nothing")
	}
	if _, err := unix.Wait4(other, nil, unix.WALL, nil); err != nil {
		t.Fatal(err)
	}
	untilEnded(t, init)
}

// TestExecutedUnknown: what cannot be read is not a success.
//
// SPEC: M-EXE-2
func TestExecutedUnknown(t *testing.T) {
	child, _ := shell(t, "exit 0")
	untilEnded(t, child)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 0, Max: limit.Max}); err != nil {
		t.Fatal(err)
	}
	_, err := child.executed()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	wantFault(t, err, protocol.CodeGone)
	if !errors.Is(err, unix.EMFILE) {
		t.Errorf("got %v, want EMFILE", err)
	}
}

// TestExplain: the report about a child that died says how it ended.
//
// SPEC: M-EXE-3
func TestExplain(t *testing.T) {
	for _, test := range []struct {
		name, script, want string
		oom                bool
	}{
		{name: "killed", script: "kill -KILL $$", want: "killed by SIGKILL"},
		{name: "crashed", script: "kill -SEGV $$", want: "killed by SIGSEGV"},
		{name: "ended", script: "exit 3", want: "ended with status 3"},
		{name: "out of memory", script: "kill -KILL $$", want: "the OOM killer", oom: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			child, _ := shell(t, "ulimit -c 0; "+bearName+test.script)
			untilEnded(t, child)
			_, err := child.executed()
			child.terminate()
			if test.oom {
				child.counted = &cgroupv2.Stats{Memory: &cgroupv2.MemoryStats{Events: cgroupv2.MemoryEvents{OOMKill: 1}}}
			}
			err = child.explain(err)
			wantFault(t, err, protocol.CodeGone)
			awaited := parentmachine.Table.Waiting(parentmachine.Starting).For
			for _, words := range []string{test.want, awaited} {
				if err == nil || !strings.Contains(err.Error(), words) {
					t.Errorf("got %v, want %q in it", err, words)
				}
			}
		})
	}
}

func nameOf(t *testing.T, child *process) string {
	t.Helper()
	name, err := child.comm()
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// shell starts a shell, which ends with the test, and returns its standard input.
func shell(t *testing.T, script string) (*process, io.Writer) {
	t.Helper()
	return shellIn(t, 0, script)
}

// shellIn starts it in new namespaces (CLONE_NEW*).
func shellIn(t *testing.T, namespaces uintptr, script string) (*process, io.Writer) {
	t.Helper()
	command := exec.Command("/bin/sh", "-c", script)
	command.SysProcAttr = &unix.SysProcAttr{Cloneflags: namespaces}
	input, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	child, err := watch(command.Process.Pid)
	if err != nil {
		_, _ = command.Process.Kill(), command.Wait()
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if child.ended == nil {
			_ = child.signal(unix.SIGKILL) // it may have ended already
			_, _ = child.wait()
		}
		child.close()
		input.Close()
		_ = command.Process.Release()
	})
	return child, input
}

func untilEnded(t *testing.T, child *process) {
	t.Helper()
	if !child.endsWithin(10 * time.Second) {
		t.Fatal("the shell does not end")
	}
}

func untilReaped(t *testing.T, child *process) {
	t.Helper()
	if _, err := child.wait(); err != nil {
		t.Fatal(err)
	}
}

func untilNamed(name string) func(*testing.T, *process) {
	return func(t *testing.T, child *process) {
		t.Helper()
		for end := time.Now().Add(10 * time.Second); nameOf(t, child) != name; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("the shell's name is %q, want %q", nameOf(t, child), name)
			}
		}
	}
}
