package main

import (
	"errors"
	"fmt"
	"io"
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
)

// side is a side of the handshake.
type side string

const (
	callerSide side = "caller"
	childSide  side = "child"
	nobody     side = ""
)

// cell is a case of the fault matrix: when a side is at its n-th step, the victim is
// killed.
type cell struct {
	at     side
	n      int
	victim side
}

// walkTime is how long a walk may take.
const walkTime = 20 * time.Second

// trial is one walk of a verb, of which every step on both sides is known.
type trial struct {
	request
	t       *testing.T
	gates   map[side]*harness.Gate
	command *exec.Cmd
	waiting int // the child that an earlier caller has left waiting
	child   int // its process ID, once known
	steps   []event
	killed  bool
	disturb func(e event, count int) // if not nil, called before a side passes its count-th step
}

// event is a side that is at a step; stop is empty if it has ended.
type event struct {
	side side
	harness.Stop
	err error
}

// walk runs the verb and kills the cell's victim. It returns when caller and child have
// ended, or the child has become the program or waits to.
func (r *trial) walk(c cell) {
	r.t.Helper()
	r.begin()
	events := make(chan event)
	for side, gate := range r.gates {
		go follow(side, gate, events)
	}
	counts := map[side]int{}
	hung := time.AfterFunc(walkTime, func() { _ = r.command.Process.Kill() })
	defer hung.Stop()
	for open := len(r.gates); open > 0; {
		e := <-events
		if e.err != nil {
			if !errors.Is(e.err, io.EOF) {
				r.t.Error(e.err)
			}
			open--
			continue
		}
		counts[e.side]++
		r.steps = append(r.steps, e)
		if e.side == childSide {
			r.child = e.PID
		}
		if e.side == c.at && counts[e.side] == c.n {
			r.kill(c.victim)
		}
		if r.disturb != nil {
			r.disturb(e, counts[e.side])
		}
		r.gates[e.side].Pass()
	}
}

func follow(side side, gate *harness.Gate, events chan<- event) {
	for {
		stop, err := gate.Next()
		events <- event{side, stop, err}
		if err != nil {
			return
		}
	}
}

// begin starts the caller with the gates' descriptors.
func (r *trial) begin() {
	r.t.Helper()
	r.steps, r.child, r.killed = nil, r.waiting, false
	r.gates = map[side]*harness.Gate{callerSide: harness.NewGate(r.t), childSide: harness.NewGate(r.t)}
	r.command = newCaller(r.t, r.request)
	r.command.ExtraFiles = []*os.File{r.gates[childSide].File(), r.gates[callerSide].File()}
	r.command.Stderr = errorFile(r.t)
	if err := r.command.Start(); err != nil {
		r.t.Fatal(err)
	}
	for _, gate := range r.gates {
		gate.Inherited()
	}
}

// errorFile is a file, which needs no goroutine to copy it: a program that lives on must
// not keep the test waiting.
func errorFile(t *testing.T) *os.File {
	t.Helper()
	file, err := unix.MemfdCreate("stderr", unix.MFD_CLOEXEC)
	if err != nil {
		t.Fatal(err)
	}
	return os.NewFile(uintptr(file), "stderr")
}

// kill kills the victim, if it is alive.
func (r *trial) kill(victim side) {
	r.t.Helper()
	switch victim {
	case callerSide:
		r.killed = r.command.Process.Kill() == nil
	case childSide:
		if r.child == 0 { // it has not sent anything yet
			for _, pid := range harness.Children(r.command.Process.Pid) {
				r.child = pid
			}
		}
		if r.child != 0 {
			r.killed = unix.Kill(r.child, unix.SIGKILL) == nil
		}
	}
}

// end waits for the caller and returns what it wrote.
func (r *trial) end() string {
	r.t.Helper()
	ended := make(chan error, 1)
	go func() { ended <- r.command.Wait() }()
	select {
	case <-ended:
	case <-time.After(10 * time.Second):
		_ = r.command.Process.Kill()
		r.t.Errorf("the caller has not ended within 10 s; it stood at %v", r.last(callerSide))
		<-ended
	}
	said := written(r.t, r.command.Stderr)
	for _, gate := range r.gates {
		gate.Close()
	}
	return said
}

// written closes an errorFile and returns what was written to it.
func written(t *testing.T, to io.Writer) string {
	t.Helper()
	file := to.(*os.File)
	defer file.Close()
	content, err := os.ReadFile(fmt.Sprintf("/proc/self/fd/%d", file.Fd()))
	must(t, err)
	return string(content)
}

// last returns the last step of a side.
func (r *trial) last(of side) string {
	last := "nothing"
	for _, e := range r.steps {
		if e.side == of {
			last = e.Step
		}
	}
	return last
}

// count returns how many steps a side has taken.
func (r *trial) count(of side) int {
	count := 0
	for _, e := range r.steps {
		if e.side == of {
			count++
		}
	}
	return count
}

// took reports whether the caller has taken a step, which may be given by the end of its
// name.
func (r *trial) took(step string) bool {
	return slices.ContainsFunc(r.steps, func(e event) bool {
		return e.side == callerSide && strings.HasSuffix(e.Step, step)
	})
}

// started reports whether Start may have been sent: from then on the program may run.
func (r *trial) started() bool { return r.took(" starting") }

// goneWithin waits until a process has ended; a zombie has.
func goneWithin(pid int, patience time.Duration) bool {
	for deadline := time.Now().Add(patience); ; time.Sleep(2 * time.Millisecond) {
		content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil || strings.Contains(string(content), ") Z ") {
			return true
		}
		if time.Now().After(deadline) {
			return false
		}
	}
}

// mark makes the program leave a marker in a directory of the host's.
const markPlace = "/mark"

func mark(directory string) harness.Edit {
	return func(spec *specs.Spec) {
		spec.Mounts = append(spec.Mounts, harness.Bind(directory, markPlace))
	}
}

var markArgs = []string{"/bin/touch", markPlace + "/ran"}

func marked(directory string) bool {
	_, err := os.Lstat(filepath.Join(directory, "ran"))
	return err == nil
}
