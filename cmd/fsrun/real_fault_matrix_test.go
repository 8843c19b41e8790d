package main

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// goneTime is how long the child may outlive its caller.
const goneTime = 2 * time.Second

// matrix kills each side at each step of each side, for one verb.
type matrix struct {
	trial
	marks         string // a directory in which the program leaves a marker
	snapshot      *harness.Snapshot
	before        func() // before each trial
	every         int    // the distance between the steps that an ordinary run tries
	passed, total int
	absent        int // cells whose victim did not exist yet, or no longer
}

// SPEC: M-TRAN-10
// SPEC: M-SM-4
// SPEC: M-END-1
// SPEC: M-END-3
// SPEC: M-END-5
func TestFaultMatrixRun(t *testing.T) {
	newMatrix(t, "run", harness.Args(markArgs...)).run()
}

func TestFaultMatrixRunWithUserNamespaceAndHooks(t *testing.T) {
	m := newMatrix(t, "run", harness.Args(markArgs...), harness.UserNamespace, func(spec *specs.Spec) {
		hook := []specs.Hook{{Path: "/bin/true"}}
		spec.Hooks = &specs.Hooks{CreateRuntime: hook, CreateContainer: hook, StartContainer: hook, Poststop: hook}
	})
	m.every = 3 // most of its steps are those of TestFaultMatrixRun
	m.run()
}

func TestFaultMatrixCreate(t *testing.T) {
	newMatrix(t, "create", harness.Args(markArgs...)).run()
}

func TestFaultMatrixStart(t *testing.T) {
	m := newMatrix(t, "start", harness.Args(markArgs...))
	m.before = func() { m.waiting = m.create() }
	m.run()
}

func TestFaultMatrixExec(t *testing.T) {
	m := newMatrix(t, "exec", harness.Args("/bin/sleep", "100000"))
	m.Process = &specs.Process{Args: markArgs, Cwd: "/", NoNewPrivileges: true}
	m.before = func() {
		m.create()
		if err := parent.Start(m.StateRoot, m.ID, parent.Handshake{}); err != nil {
			t.Fatal(err)
		}
	}
	m.run()
}

func newMatrix(t *testing.T, verb string, edits ...harness.Edit) *matrix {
	t.Helper()
	harness.Need(t, harness.Container...)
	m := &matrix{marks: harness.Directory(t), before: func() {}, every: 1}
	if err := os.Chmod(m.marks, 0o777); err != nil {
		t.Fatal(err)
	}
	m.t, m.Verb, m.StateRoot, m.ID, m.Gated = t, verb, t.TempDir(), harness.ID(t), true
	m.Bundle = harness.Bundle(t, append(edits, mark(m.marks))...)
	m.snapshot = harness.Watch(t, m.StateRoot)
	return m
}

// create creates the container in this process, which then plays no part, and returns its
// init.
func (m *matrix) create() int {
	m.t.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		m.t.Fatal(err)
	}
	defer null.Close()
	stdio := int(null.Fd())
	container, err := parent.Create(parent.Options{
		StateRoot: m.StateRoot, ID: m.ID, Bundle: m.Bundle, Stdio: [3]int{stdio, stdio, stdio},
	})
	must(m.t, err)
	return container.Init.PID
}

// run walks once undisturbed, to count the steps, and then once for each cell.
func (m *matrix) run() {
	m.t.Helper()
	m.undisturbed()
	// From now on the bundle has its mount points, and must not change any more.
	m.snapshot = harness.Watch(m.t, m.StateRoot, m.Bundle)
	counts := map[side]int{callerSide: m.count(callerSide), childSide: m.count(childSide)}
	if counts[callerSide] == 0 || counts[childSide] == 0 && m.waiting == 0 {
		m.t.Fatalf("the steps of a side are not seen: %v", counts)
	}
	switch {
	case fullRun():
		m.every = 1
	case harness.Guest():
		m.every = 5 // it is emulated
	}
	for _, at := range []side{callerSide, childSide} {
		for n := 1; n <= counts[at]; n += m.every {
			for _, victim := range []side{callerSide, childSide} {
				m.total++
				if m.disturbed(cell{at, n, victim}) {
					m.passed++
				}
			}
		}
	}
	m.t.Logf("%s: %d of %d cells, in %d of them the victim did not exist; %d steps of the caller, %d of the child before the handoff",
		m.Verb, m.passed, m.total, m.absent, counts[callerSide], counts[childSide])
	m.t.Logf("figure: fault cells, kills of %s %d/%d", m.t.Name(), m.passed, m.total)
	if 2*m.absent > m.total {
		m.t.Error("in most cells nobody was killed")
	}
}

func (m *matrix) undisturbed() {
	m.t.Helper()
	m.before()
	m.walk(cell{})
	if said := m.end(); said != "" {
		m.t.Errorf("undisturbed: %s", said)
	}
	if ran := m.ranWithin(goneTime); ran != (m.Verb != "create") {
		m.t.Errorf("undisturbed: the program ran: %t", ran)
	}
	m.clean()
	if m.t.Failed() {
		m.t.Fatalf("the steps were %v", m.steps)
	}
}

// ranWithin waits for the program's marker, unless the verb does not start it.
func (m *matrix) ranWithin(patience time.Duration) bool {
	for deadline := time.Now().Add(patience); m.Verb != "create" && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if marked(m.marks) {
			break
		}
	}
	return marked(m.marks)
}

// disturbed tests one cell.
func (m *matrix) disturbed(c cell) bool {
	m.t.Helper()
	return m.t.Run(fmt.Sprintf("%s_step_%d_kill_%s", c.at, c.n, c.victim), func(t *testing.T) {
		outer := m.t
		defer func() { m.t = outer }()
		m.t = t
		m.before()
		m.walk(c)
		said := m.end()
		switch {
		case !m.killed:
			m.absent++
		case c.victim == callerSide:
			m.orphaned()
		default:
			m.bereaved(said)
		}
		m.clean()
		if t.Failed() {
			t.Logf("caller at %q, child at %q, said: %s", m.last(callerSide), m.last(childSide), said)
		}
	})
}

// orphaned: the caller is dead. Unless it had finished its part, the child dies too.
func (m *matrix) orphaned() {
	m.t.Helper()
	if m.started() || m.took("sent Detach") {
		return
	}
	if m.Verb == "start" { // the container waits for another caller
		if err := parent.Start(m.StateRoot, m.ID, parent.Handshake{}); err != nil {
			m.t.Errorf("a second start after the first was killed: %v", err)
		}
		return
	}
	if m.child != 0 && !goneWithin(m.child, goneTime) {
		m.t.Errorf("the child has not ended within %s of its caller", goneTime)
	}
	if marked(m.marks) {
		m.t.Error("the program was executed without Start")
	}
}

// bereaved: the child is dead, and the caller says so.
func (m *matrix) bereaved(said string) {
	m.t.Helper()
	if m.took(" running") || m.took("sent Detach") {
		return // it had finished its part
	}
	if !strings.Contains(said, "error: ") || !strings.Contains(said, "at: parent in state ") {
		m.t.Errorf("the caller's status is %s and it says %q, not in which state the child died", m.command.ProcessState, said)
	}
	if !m.started() && marked(m.marks) {
		m.t.Error("the program was executed without Start")
	}
}

// clean deletes what is left; then everything must be as before.
func (m *matrix) clean() {
	m.t.Helper()
	m.delete()
	if err := os.RemoveAll(m.marks + "/ran"); err != nil {
		m.t.Error(err)
	}
	m.snapshot.SettledFor(m.t)
}

// delete deletes the container by force, in another process. Meanwhile this one reaps: an
// init ends only once the orphans in its PID namespace have been reaped.
func (m *matrix) delete() {
	m.t.Helper()
	command := newCaller(m.t, request{Verb: "delete", StateRoot: m.StateRoot, ID: m.ID})
	var said strings.Builder
	command.Stderr = &said
	if err := command.Start(); err != nil {
		m.t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	for {
		select {
		case err := <-ended:
			if err != nil {
				m.t.Errorf("delete --force: %v: %s", err, said.String())
			}
			return
		case <-time.After(5 * time.Millisecond):
			m.snapshot.Reap(command.Process.Pid)
		}
	}
}
