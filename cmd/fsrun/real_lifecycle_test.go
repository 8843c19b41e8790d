package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/console"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
)

// created is a container whose creator ended long ago.
func created(t *testing.T, edits ...harness.Edit) *container {
	t.Helper()
	c := newContainer(t, edits...)
	caller := newCaller(t, request{Verb: "create", StateRoot: c.StateRoot, ID: c.ID, Bundle: c.Bundle})
	must(t, caller.Run())
	return c
}

func (c *container) startNow() error { return parent.Start(c.StateRoot, c.ID, parent.Handshake{}) }

func (c *container) status() state.Status {
	c.t.Helper()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(c.t, err)
	return inspected.Status
}

// SPEC: M-DET-2
func TestStartLongAfterTheCreatorEnded(t *testing.T) {
	marks := harness.Directory(t)
	c := created(t, mark(marks), harness.Args(markArgs...))
	time.Sleep(200 * time.Millisecond)
	equal(t, "status", state.Created, c.status())
	if marked(marks) {
		t.Fatal("the program was executed without start")
	}
	must(t, c.startNow())
	waitForStatus(c, state.Stopped)
	if !marked(marks) {
		t.Error("the program was not executed")
	}
	if err := c.startNow(); err == nil || !strings.Contains(err.Error(), "stopped") {
		t.Errorf("a start of a stopped container: %v", err)
	}
}

func TestStartTwice(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	must(t, c.startNow())
	equal(t, "status", state.Running, c.status())
	if err := c.startNow(); err == nil || !strings.Contains(err.Error(), "running") {
		t.Errorf("the second start: %v", err)
	}
}

func TestKillOfACreatedContainer(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
	waitForStatus(c, state.Stopped)
	if err := c.startNow(); err == nil {
		t.Error("a killed container was started")
	}
	if err := parent.Kill(c.StateRoot, c.ID, unix.SIGTERM, false); !errors.Is(err, parent.ErrNotRunning) {
		t.Errorf("kill of a stopped container: %v", err)
	}
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	if _, err := parent.Inspect(c.StateRoot, c.ID); !errors.Is(err, state.ErrNotExist) {
		t.Errorf("a deleted container: %v", err)
	}
}

func TestDeleteOfACreatedContainer(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	if err := parent.Delete(c.StateRoot, c.ID, false); err == nil || !strings.Contains(err.Error(), "created") {
		t.Errorf("delete without force: %v", err)
	}
	equal(t, "status", state.Created, c.status())
	must(t, parent.Delete(c.StateRoot, c.ID, true))
}

func TestDeleteOfARunningContainer(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	must(t, c.startNow())
	if err := parent.Delete(c.StateRoot, c.ID, false); err == nil || !strings.Contains(err.Error(), "running") {
		t.Errorf("delete without force: %v", err)
	}
	equal(t, "status", state.Running, c.status())
	must(t, parent.Delete(c.StateRoot, c.ID, true))
}

// If somebody has damaged or emptied a running container's intent record, delete uses what
// its state says. If both are damaged, the error message says what is left to do.
func TestDeleteWithoutTheIntentRecord(t *testing.T) {
	for name, content := range map[string]string{"damaged": "{\n", "empty": ""} {
		t.Run(name, func(t *testing.T) {
			_, before := os.Stat(harness.CgroupMount + harness.Slice())
			c := created(t, harness.Args("/bin/sleep", "1000"))
			must(t, c.startNow())
			container := c.record()
			directory := filepath.Join(c.StateRoot, c.ID)
			must(t, os.WriteFile(filepath.Join(directory, "intent"), []byte(content), 0o600))
			whole, err := os.ReadFile(filepath.Join(directory, "state.json"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(directory, "state.json"), whole[:len(whole)/2], 0o600))
			err = parent.Delete(c.StateRoot, c.ID, true)
			if err == nil || !strings.Contains(err.Error(), "remove its cgroup and then "+directory+" by hand") {
				t.Errorf("delete without any record: %v", err)
			}
			must(t, os.WriteFile(filepath.Join(directory, "state.json"), whole, 0o600))
			must(t, parent.Delete(c.StateRoot, c.ID, true))
			if container.Init.Alive() {
				t.Error("its init lives on")
			}
			if _, err := os.Stat(container.Cgroup); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("its cgroup: %v", err)
			}
			if before != nil { // made on the way, which only the intent record tells
				must(t, os.Remove(filepath.Dir(container.Cgroup)))
			}
		})
	}
}

// A stranger who connects to a created container does it no harm.
//
// SPEC: M-ACT-1
func TestStrangersAtTheStartSocket(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	for name, message := range map[string][]byte{
		"nothing": nil, "garbage": []byte("garbage"), "a large message": make([]byte, protocol.MaxFrame),
		"a frame of another kind": encoded(t, &protocol.HooksDone{}), "a frame cut short": encoded(t, &protocol.Start{})[:1],
	} {
		socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
		must(t, err)
		must(t, unix.Connect(socket, &unix.SockaddrUnix{Name: startPath(t, c)}))
		if message != nil {
			must(t, unix.Sendto(socket, message, unix.MSG_NOSIGNAL, nil))
		}
		unix.Close(socket)
		time.Sleep(10 * time.Millisecond)
		if got := c.status(); got != state.Created {
			t.Fatalf("%s: the container is %s", name, got)
		}
	}
	must(t, c.startNow())
	equal(t, "status", state.Running, c.status())
}

func encoded(t *testing.T, frame protocol.Frame) []byte {
	t.Helper()
	data, err := protocol.Encode(frame)
	must(t, err)
	return data
}

// startPath returns a name of the start socket that is short enough for a socket address.
func startPath(t *testing.T, c *container) string {
	t.Helper()
	directory, err := os.Open(filepath.Join(c.StateRoot, c.ID))
	must(t, err)
	t.Cleanup(func() { directory.Close() })
	return fmt.Sprintf("/proc/self/fd/%d/start", directory.Fd())
}

// SPEC: M-DET-5
func TestConcurrentStarts(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	equal(t, "winners", 1, atOnce(t, c, "start"))
	equal(t, "status", state.Running, c.status())
}

func TestConcurrentCreates(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	equal(t, "winners", 1, atOnce(t, c, "create"))
	equal(t, "status", state.Created, c.status())
}

func TestConcurrentDeletes(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
	waitForStatus(c, state.Stopped)
	var losers sync.Map
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() { losers.Store(n, parent.Delete(c.StateRoot, c.ID, false)) })
	}
	group.Wait()
	winners := 0
	losers.Range(func(_, value any) bool {
		switch err, _ := value.(error); {
		case err == nil:
			winners++
		case !errors.Is(err, state.ErrNotExist):
			t.Errorf("a loser's error is %q", err)
		}
		return true
	})
	equal(t, "winners", 1, winners)
}

// atOnce makes several callers do the same thing and counts those that succeed; every other
// one must say why not.
func atOnce(t *testing.T, c *container, verb string) int {
	t.Helper()
	var callers []*exec.Cmd
	for range 6 {
		caller := newCaller(t, request{Verb: verb, StateRoot: c.StateRoot, ID: c.ID, Bundle: c.Bundle})
		caller.Stderr = errorFile(t)
		must(t, caller.Start())
		callers = append(callers, caller)
	}
	winners := 0
	for _, caller := range callers {
		err := caller.Wait()
		said := written(t, caller.Stderr)
		switch {
		case err == nil:
			winners++
		case !strings.Contains(said, c.ID) && !strings.Contains(said, "exists"):
			t.Errorf("a loser says %q", said)
		}
	}
	return winners
}

// Without a PID namespace, nothing ends by itself with the init.
//
// SPEC: M-END-4
func TestEndOfAnInitWithoutPIDNamespace(t *testing.T) {
	script := "setsid sh -c 'echo $$; touch /dev/shm/up; exec >&- 2>&-; sleep 1000' & while ! test -e /dev/shm/up; do :; done; exit 4"
	c := newContainer(t, harness.Without(specs.PIDNamespace), harness.Shell(script))
	status := c.run()
	equal(t, "status", 4, status.ExitStatus())
	var daemon int
	if _, err := fmt.Sscan(c.stdout.String(), &daemon); err != nil {
		t.Fatalf("the daemon's pid: %v in %q", err, c.stdout.String())
	}
	if !goneWithin(daemon, goneTime) {
		t.Error("a daemon outlives its container")
	}
}

func TestKillWithoutPIDNamespaceReachesAll(t *testing.T) {
	c := created(t, harness.Without(specs.PIDNamespace), harness.Shell("setsid sleep 1000 & setsid sleep 1000 & wait"))
	must(t, c.startNow())
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	var members []string
	for deadline := time.Now().Add(5 * time.Second); len(members) < 3 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		content, err := os.ReadFile(inspected.Cgroup + "/cgroup.procs")
		must(t, err)
		members = strings.Fields(string(content))
	}
	equal(t, "processes", 3, len(members))
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
	for _, member := range members {
		var pid int
		_, err := fmt.Sscan(member, &pid)
		must(t, err)
		if !goneWithin(pid, goneTime) {
			t.Errorf("process %d outlives kill", pid)
		}
	}
}

// TestSignalWithoutPIDNamespace: signals other than SIGKILL go only to the init, which
// knows what to do about the other processes (runtime.md, "Kill").
func TestSignalWithoutPIDNamespace(t *testing.T) {
	script := `sleep 1000 & trap 'kill -0 $! && echo both live; kill -KILL $!; exit 5' USR1; while :; do wait; done`
	c := newContainer(t, harness.Without(specs.PIDNamespace), harness.Shell(script))
	c.connect()
	running, err := parent.Run(c.Options)
	must(t, err)
	for end := time.Now().Add(10 * time.Second); !catches(t, running.PID(), unix.SIGUSR1) && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGUSR1, false))
	equal(t, "status", 5, c.wait(running).ExitStatus())
	equal(t, "what the init saw", "both live\n", c.stdout.String())
}

// TestProcessesAreKnown: of an init as of one that joined the caller is told what it
// takes to find the process again, and what it was given.
func TestProcessesAreKnown(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.connect()
	init, err := parent.Run(c.Options)
	must(t, err)
	joined, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
		Process: &specs.Process{Args: []string{"/bin/sleep", "2000"}, Cwd: "/"}})
	must(t, err)
	for what, running := range map[string]*parent.Running{"init": init, "joined": joined} {
		started, err := state.StartTime(running.PID())
		must(t, err)
		equal(t, what+"'s start", started, running.StartTime())
		stdio, err := console.Descriptors(running.PID())
		must(t, err)
		equal(t, what+"'s standard descriptors", stdio, running.Stdio())
	}
	for _, running := range []*parent.Running{joined, init} {
		status, err := running.Terminate()
		must(t, err)
		equal(t, "signal", unix.SIGKILL, status.Signal())
		if again, err := running.Terminate(); err != nil || again != status {
			t.Errorf("to end what has ended says %v, %v", again, err)
		}
	}
}

// TestJoinedProcessDoesNotOwnTheContainer: only who has started the init may delete the
// container through its process, or record its end.
func TestJoinedProcessDoesNotOwnTheContainer(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	joined, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
		Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"}})
	must(t, err)
	status, err := joined.Wait()
	must(t, err)
	must(t, joined.KeepEnd(status))
	must(t, joined.Delete())
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "status", state.Running, inspected.Status)
	if _, err := os.Stat(filepath.Join(c.StateRoot, c.ID, "end.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("its end is recorded: %v", err)
	}
}

// TestExecLeavesNoZombie: every process that joined is reaped, whether it ends, is killed or
// fails.
func TestExecLeavesNoZombie(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	before := harness.Descendants(os.Getpid())
	for range 5 {
		c.exec(&specs.Process{Args: []string{"/bin/true"}, Cwd: "/"})
		if _, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
			Process: &specs.Process{Args: []string{"/bin/missing"}, Cwd: "/"}}); err == nil {
			t.Error("a missing program was executed")
		}
		running, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
			Process: &specs.Process{Args: []string{"/bin/sleep", "1000"}, Cwd: "/"}})
		must(t, err)
		status, err := running.Terminate()
		must(t, err)
		equal(t, "signal", unix.SIGKILL, status.Signal())
	}
	equal(t, "processes", before, harness.Descendants(os.Getpid()))
}

// catches reports whether a process has a handler for the signal (proc_pid_status(5)).
func catches(t *testing.T, pid int, signal unix.Signal) bool {
	t.Helper()
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	must(t, err)
	_, rest, _ := strings.Cut(string(content), "SigCgt:")
	var caught uint64
	_, err = fmt.Sscanf(rest, "%x", &caught)
	must(t, err)
	return caught>>(signal-1)&1 != 0
}

// TestIDGivenAwayMeanwhile: whoever runs a container in the foreground may be stopped, or
// waiting for a reader of its output, while somebody deletes that container and makes another
// of the same ID. It deletes its own container only, and says nothing about the other's end.
func TestIDGivenAwayMeanwhile(t *testing.T) {
	for name, edits := range map[string][]harness.Edit{
		"with a PID namespace":    nil,
		"without a PID namespace": {harness.Without(specs.PIDNamespace)},
	} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, append(edits, harness.Args("/bin/sleep", "1000"))...)
			c.connect()
			first, err := parent.Run(c.Options)
			must(t, err)
			must(t, parent.Delete(c.StateRoot, c.ID, true))
			second, err := parent.Run(c.Options)
			must(t, err)
			status, err := first.Wait()
			must(t, err)
			must(t, first.KeepEnd(status))
			must(t, first.Delete())
			equal(t, "the second container", state.Running, c.status())
			if _, err := os.Stat(filepath.Join(c.StateRoot, c.ID, "end.json")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("what is kept of an end: %v", err)
			}
			_, err = second.Terminate()
			must(t, err)
			must(t, second.Delete())
			must(t, second.Delete())
		})
	}
}
