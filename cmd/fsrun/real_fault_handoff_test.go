package main

import (
	"fmt"
	"os"
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
	"github.com/fsrun/fsrun/protocol"
)

// handoffTime is how long a walk may take in which each call waits for a decision.
const handoffTime = 2 * time.Minute

// handoff kills a side at each system call that the child makes after Ready, for one verb.
// There the child makes raw calls and nobody observes its machine: its steps are calls, in
// each of which it waits for a decision.
type handoff struct {
	*matrix
	sent int // what the caller had begun to send, after Ready, when somebody was killed
}

// framesToStart are Committed and Start. The caller waits for nothing between them, so the
// child may find both when it looks for the first.
const framesToStart = 2

// SPEC: M-END-1
// SPEC: M-END-2
func TestHandoffOfRunKilled(t *testing.T) {
	wholeInGuest(t)
	newHandoff(t, "run", harness.Args(markArgs...), denying(false, "getpriority")).run()
}

// SPEC: M-END-2
func TestHandoffOfCreateKilled(t *testing.T) {
	wholeInGuest(t)
	newHandoff(t, "create", harness.Args(markArgs...)).run()
}

func TestHandoffOfExecKilled(t *testing.T) {
	wholeInGuest(t)
	h := newHandoff(t, "exec", harness.Args("/bin/sleep", "100000"))
	h.Process = &specs.Process{Args: markArgs, Cwd: "/", NoNewPrivileges: true}
	h.before = func() {
		h.create()
		must(h.t, parent.Start(h.StateRoot, h.ID, parent.Handshake{}))
	}
	h.run()
}

func newHandoff(t *testing.T, verb string, edits ...harness.Edit) *handoff {
	t.Helper()
	h := &handoff{matrix: newMatrix(t, verb, edits...)}
	h.Gated = false
	return h
}

func (h *handoff) run() {
	h.t.Helper()
	calls, said, ended := h.until(0, nobody)
	h.clean()
	if ended != nil || len(calls) < 2 {
		h.t.Fatalf("undisturbed: %v, the calls after Ready are %v: %s", ended, calls, said)
	}
	h.snapshot = harness.Watch(h.t, h.StateRoot, h.Bundle)
	for turn, n := range h.turns(calls) {
		for i, victim := range []side{callerSide, childSide} {
			if !fullRun() && i != turn%2 {
				continue
			}
			h.total++
			name := fmt.Sprintf("call_%d_of_%d_which_is_%d_kill_%s", n, len(calls), calls[n-1], victim)
			if h.t.Run(name, func(t *testing.T) {
				outer := h.t
				defer func() { h.t = outer }()
				h.t = t
				h.one(n, victim, calls)
			}) {
				h.passed++
			}
		}
	}
	h.t.Logf("figure: fault cells, handoff of %s %d/%d", h.Verb, h.passed, h.total)
}

// turns returns the calls, counted from 1, at which somebody is killed: all in a full run,
// otherwise the first of several with the same number, and on an emulated machine only
// some.
func (h *handoff) turns(calls []uint32) []int {
	var turns []int
	for n := 1; n <= len(calls); n++ {
		if fullRun() || n == 1 || calls[n-1] != calls[n-2] {
			turns = append(turns, n)
		}
	}
	if !harness.Guest() || fullRun() {
		return turns
	}
	var some []int
	for i := 0; i < len(turns); i += 5 {
		some = append(some, turns[i])
	}
	return some
}

// one kills the victim when the child is at its n-th call after Ready.
func (h *handoff) one(n int, victim side, calls []uint32) {
	h.t.Helper()
	_, said, ended := h.until(n, victim)
	switch {
	case victim == childSide && ended == nil && h.Verb != "create":
		h.t.Errorf("the caller succeeds though the child was killed at its call %d of %d", n, len(calls))
	case victim == childSide && ended != nil && !strings.Contains(said, " in state "):
		h.t.Errorf("the caller does not say in which state the child died: %s", said)
	}
	if started := h.Verb != "create" && h.sent >= framesToStart; marked(h.marks) && !started {
		h.t.Error("the program was executed without Start")
	}
	h.clean()
}

// until runs the verb and kills the victim at the child's n-th call after Ready. It returns
// these calls, up to the one that replaces the child.
func (h *handoff) until(n int, victim side) (calls []uint32, said string, ended error) {
	h.t.Helper()
	h.before()
	command := newCaller(h.t, h.request)
	command.Stderr = errorFile(h.t)
	h.sent = 0
	var child uint32
	var since time.Time // when the caller ended
	var all []uint32
	// Decide on the child's calls until it has ended or, if it was created, has had time
	// to.
	over := func() bool {
		if since.IsZero() {
			since = time.Now()
		}
		patience := handoffTime
		if h.Verb == "create" {
			patience = goneTime / 2
		}
		return child == 0 || comm(child) != protocol.ChildComm || goneWithin(int(child), 0) || time.Since(since) > patience
	}
	hung := time.AfterFunc(handoffTime, func() { h.t.Error("it hangs"); _ = command.Process.Kill() })
	defer hung.Stop()
	ended = supervise.RunUntil(h.t, command, over, func(call *sys.Notification) unix.Errno {
		if child == 0 && comm(call.PID) == protocol.ChildComm {
			child = call.PID
		}
		if call.PID != child && call.Call == unix.SYS_SENDMSG && slices.Contains(all, unix.SYS_SENDTO) {
			h.sent++
		}
		if call.PID != child || len(all) > 0 && all[len(all)-1] == unix.SYS_EXECVE {
			return 0
		}
		all = append(all, uint32(call.Call))
		if n == 0 || len(afterReady(all)) != n {
			return 0
		}
		switch victim {
		case callerSide:
			_ = command.Process.Kill()
		case childSide:
			_ = unix.Kill(int(child), unix.SIGKILL)
		}
		return 0
	})
	if victim == callerSide && h.Verb != "create" && time.Since(since) > handoffTime {
		h.t.Errorf("the child has outlived its caller by %s", handoffTime)
	}
	return afterReady(all), written(h.t, command.Stderr), ended
}

// afterReady returns the calls after the one that sends Ready, which is the first that the
// child makes without the transport.
func afterReady(calls []uint32) []uint32 {
	ready := slices.Index(calls, unix.SYS_SENDTO)
	if ready < 0 {
		return nil
	}
	return calls[ready+1:]
}

func comm(pid uint32) string {
	content, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(content))
}
