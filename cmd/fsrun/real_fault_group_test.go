package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// groupMeddlings are what a third party does to a container's cgroup. Each returns whether
// there was a cgroup.
var groupMeddlings = map[string]func(group string) bool{
	"frozen": func(group string) bool {
		return os.WriteFile(group+"/cgroup.freeze", []byte("1"), 0) == nil
	},
	"removed": func(group string) bool {
		if os.WriteFile(group+"/cgroup.kill", []byte("1"), 0) != nil {
			return false
		}
		for deadline := time.Now().Add(walkTime); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			if err := os.Remove(group); err == nil || errors.Is(err, unix.ENOENT) {
				return true
			}
		}
		return false
	},
}

// A cgroup is frozen, or emptied and removed, at any step of a start: the start fails and
// says where, or was already over; nothing hangs, the program is executed only if it was
// started, and one delete leaves nothing.
func TestCgroupMeddledWithAtEveryStep(t *testing.T) {
	wholeInGuest(t)
	for _, verb := range []string{"run", "create"} {
		for name, meddle := range groupMeddlings {
			t.Run(verb+"_"+name, func(t *testing.T) {
				m := newMatrix(t, verb, harness.Args(markArgs...))
				if name == "frozen" {
					m.Deadline = 10 * silenceTime // for the caller, who waits for a side that does nothing
				}
				m.withGroup(harness.CgroupMount+cgroupPathOf(t, m.Bundle), name, meddle)
			})
		}
	}
}

func (m *matrix) withGroup(group, name string, meddle func(string) bool) {
	m.t.Helper()
	deadline := m.Deadline
	m.Deadline = 0
	m.undisturbed()
	m.Deadline = deadline
	m.snapshot = harness.Watch(m.t, m.StateRoot, m.Bundle)
	count := m.count(callerSide)
	first, every := 2, 6 // from here on the child is about to be born
	if fullRun() {
		first, every = 1, 1
	}
	failed := 0
	for n := first; n <= count; n += every {
		m.total++
		if m.t.Run(fmt.Sprintf("step_%d", n), func(t *testing.T) {
			outer := m.t
			defer func() { m.t = outer }()
			m.t = t
			if m.groupCell(n, group, meddle) {
				failed++
			}
		}) {
			m.passed++
		}
	}
	m.t.Logf("figure: fault cells, cgroup %s in %s %d/%d", name, m.Verb, m.passed, m.total)
	if failed == 0 {
		m.t.Error("no start was hindered")
	}
}

// groupCell tests one cell. It returns whether the start failed.
func (m *matrix) groupCell(n int, group string, meddle func(string) bool) bool {
	m.t.Helper()
	m.before()
	was := false
	m.disturb = func(e event, count int) {
		switch {
		case e.side == callerSide && count == n:
			was = meddle(group)
		case e.side == callerSide && strings.HasSuffix(e.Step, " running"):
			_ = os.WriteFile(group+"/cgroup.freeze", []byte("0"), 0) // the caller is now waiting for the program to end
		}
	}
	m.walk(cell{})
	said := m.end()
	m.disturb = nil
	failed := !m.command.ProcessState.Success()
	switch {
	case failed && !was && !strings.Contains(said, "waited "): // on a slow machine a deadline may pass by itself
		m.t.Errorf("there was no cgroup, and yet: %s", said)
	case failed && !m.took(" running") && (!strings.Contains(said, "error: ") || !strings.Contains(said, " in state ")):
		m.t.Errorf("the caller does not say in which state it failed: %s", said)
	}
	if marked(m.marks) && !m.started() {
		m.t.Error("the program was executed without Start")
	}
	m.clean()
	if m.t.Failed() {
		m.t.Logf("caller at %q, child at %q, said: %s", m.last(callerSide), m.last(childSide), said)
	}
	return failed
}
