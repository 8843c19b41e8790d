package main

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// forbidden are the calls that a limit could refuse, or that show the runtime at work. None
// may come between receiving Committed and execve.
var forbidden = []string{
	"clone", "clone3", "fork", "vfork", "mmap", "munmap", "mremap", "brk", "madvise", "mprotect", "futex",
	"sched_yield", "nanosleep", "epoll_pwait", "tgkill", "rt_sigreturn",
}

// The lines of strace: a call, and the end of one that was interrupted by others.
var (
	tracedCall  = regexp.MustCompile(`^(\d+) +[\d.]+ (\w+)\((.*)$`)
	resumedCall = regexp.MustCompile(`^(\d+) +[\d.]+ <\.\.\. \w+ resumed>(.*)$`)
)

// call is a system call in a trace.
type call struct{ pid, name, rest string }

// SPEC: M-COM-7
func TestHandoffCallsOfRun(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"))
	trace(c, request{Verb: "run"}).check(t, "/bin/true")
}

func TestHandoffCallsOfRunWithEverything(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"), harness.UserNamespace, func(spec *specs.Spec) {
		spec.Process.User.AdditionalGids = []uint32{1, 2, 3}
		spec.Process.Capabilities.Inheritable = spec.Process.Capabilities.Permitted
		spec.Process.Capabilities.Ambient = spec.Process.Capabilities.Permitted
		spec.Linux.Seccomp = &specs.LinuxSeccomp{
			DefaultAction: specs.ActAllow,
			Syscalls:      []specs.LinuxSyscall{{Names: []string{"personality"}, Action: specs.ActErrno}},
		}
	})
	trace(c, request{Verb: "run"}).check(t, "/bin/true")
}

func TestHandoffCallsOfCreateAndStart(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/true"))
	traced := begin(c, request{Verb: "create"})
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{}); err != nil {
		t.Fatal(err)
	}
	traced.wait().check(t, "/bin/true")
}

func TestHandoffCallsOfExec(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	process := &specs.Process{Args: []string{"/bin/true"}, Cwd: "/", NoNewPrivileges: true}
	trace(c, request{Verb: "exec", Process: process}).check(t, "/bin/true")
}

// tracing is a caller under strace, with everything that it starts.
type tracing struct {
	t       *testing.T
	command *exec.Cmd
	output  string
	calls   []call
}

func trace(c *container, r request) *tracing { return begin(c, r).wait() }

// begin starts the caller and waits until it has ended; its container may continue.
func begin(c *container, r request) *tracing {
	c.t.Helper()
	harness.NativeOnly(c.t, "strace is not part of the guest")
	strace := harness.NeedProgram(c.t, "strace")
	r.StateRoot, r.ID, r.Bundle = c.StateRoot, c.ID, c.Bundle
	traced := &tracing{t: c.t, output: filepath.Join(c.t.TempDir(), "trace")}
	caller := newCaller(c.t, r)
	traced.command = exec.Command(strace, "-f", "-ttt", "-e", "trace=all", "-o", traced.output, caller.Path)
	traced.command.Env = caller.Env
	traced.command.Stdout, traced.command.Stderr = os.Stdout, os.Stderr
	if err := traced.command.Start(); err != nil {
		c.t.Fatal(err)
	}
	if r.Verb == "create" {
		waitForStatus(c, "created")
	}
	return traced
}

// wait waits until nothing is traced any more, and reads the trace.
func (r *tracing) wait() *tracing {
	r.t.Helper()
	if err := r.command.Wait(); err != nil {
		r.t.Fatalf("strace: %v", err)
	}
	file, err := os.Open(r.output)
	if err != nil {
		r.t.Fatal(err)
	}
	defer file.Close()
	unfinished := map[string]int{} // by thread, the unfinished call
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if parts := resumedCall.FindStringSubmatch(lines.Text()); parts != nil {
			r.calls[unfinished[parts[1]]].rest += parts[2]
		} else if parts := tracedCall.FindStringSubmatch(lines.Text()); parts != nil {
			unfinished[parts[1]] = len(r.calls)
			r.calls = append(r.calls, call{parts[1], parts[2], parts[3]})
		}
	}
	return r
}

// check checks the calls between sending Ready, which Committed answers, and executing the
// program: those of its thread, and those of others in its process.
func (r *tracing) check(t *testing.T, program string) {
	t.Helper()
	last := slices.IndexFunc(r.calls, func(c call) bool {
		return c.name == "execve" && strings.HasPrefix(c.rest, `"`+program+`"`)
	})
	if last < 0 {
		t.Fatalf("the trace shows no execve of %s among %d calls", program, len(r.calls))
	}
	child := r.calls[last].pid
	ready := last
	for ready >= 0 && !(r.calls[ready].pid == child && slices.Contains(sending, r.calls[ready].name)) {
		ready--
	}
	if ready < 0 {
		t.Fatal("the trace shows no Ready")
	}
	threads := r.threads(child)
	if len(threads) == 1 {
		t.Error("the trace shows none of the runtime's own threads: it cannot show that they are quiet")
	}
	var names []string
	for _, c := range r.calls[ready+1 : last+1] {
		if !slices.Contains(threads, c.pid) {
			continue
		}
		name := c.name
		if c.pid != child {
			name = "[thread " + c.name + "]"
		}
		names = append(names, name)
		if slices.Contains(forbidden, c.name) {
			t.Errorf("between Ready and execve: %s(%s", name, c.rest)
		}
	}
	t.Logf("%d threads; from Ready to execve: %s", len(threads), strings.Join(names, " "))
}

// sending are the calls that send a frame.
var sending = []string{"sendto", "sendmsg"}

// threads lists the child and all threads made from it.
func (r *tracing) threads(child string) []string {
	threads := []string{child}
	for _, c := range r.calls {
		if made := madeThread.FindStringSubmatch(c.rest); made != nil && slices.Contains(threads, c.pid) {
			threads = append(threads, made[1])
		}
	}
	return threads
}

// madeThread matches the new thread in the result of a clone.
var madeThread = regexp.MustCompile(`CLONE_THREAD.* = (\d+)$`)

// waitForStatus waits until the container has a status.
func waitForStatus(c *container, wanted state.Status) {
	c.t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		inspected, err := parent.Inspect(c.StateRoot, c.ID)
		if err == nil && inspected.Status == wanted {
			return
		}
		if time.Now().After(deadline) {
			c.t.Fatalf("the container is not %s within 10 s: %+v, %v", wanted, inspected, err)
		}
	}
}
