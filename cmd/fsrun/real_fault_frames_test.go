package main

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

const (
	// silenceTime is how long each side waits for a frame that will not come.
	silenceTime = 300 * time.Millisecond
	// mostFrames is more than a side sends in the handshakes of these tests.
	mostFrames = 12
)

// frames tampers with each frame of each side in one verb's handshake, in each way.
type frames struct {
	*matrix
	accepted int // cases in which the other side did not read what was changed
	// around, if not nil, tampers in place of the child, from before the verb.
	around func(meddling) (end func())
}

func (f *frames) run() {
	f.t.Helper()
	f.undisturbedFrames()
	f.snapshot = harness.Watch(f.t, f.StateRoot, f.Bundle)
	for _, by := range []side{callerSide, childSide} {
		for n := 1; n <= mostFrames && f.every(by, n); n++ {
		}
	}
	f.t.Logf("%s: %d of %d meddlings with frames, %d of them changed nothing that is read", f.Verb, f.passed, f.total, f.accepted)
	f.t.Logf("figure: fault cells, frames of %s %d/%d", f.Verb, f.passed, f.total)
	if f.total == 0 || 3*f.accepted > f.total {
		f.t.Error("most of the meddling changed nothing, or there was none")
	}
}

func (f *frames) undisturbedFrames() {
	f.t.Helper()
	f.before()
	if said, err := f.meddled(meddling{}); err != nil {
		f.t.Fatalf("undisturbed: %v: %s", err, said)
	}
	f.clean()
}

// ways returns how to tamper: two ways in an ordinary run, all in a full one. The first
// always has an effect.
func ways() []string {
	first := []string{"malformed", "skipped"}
	if !fullRun() {
		return first
	}
	for _, what := range slices.Sorted(maps.Keys(damages)) {
		if !slices.Contains(first, what) {
			first = append(first, what)
		}
	}
	return first
}

// every tampers with one frame in each way. It returns false if a side does not send that
// many frames: then nothing is damaged, and the verb succeeds.
func (f *frames) every(by side, n int) bool {
	f.t.Helper()
	for _, what := range ways() {
		exists := true
		f.t.Run(fmt.Sprintf("%s_frame_%d_%s", by, n, strings.ReplaceAll(what, " ", "_")), func(t *testing.T) {
			outer := f.t
			defer func() { f.t = outer }()
			f.t = t
			exists = f.one(meddling{by, n, what})
		})
		if !exists {
			return false
		}
	}
	return true
}

// one tests one cell. It reports whether there is such a frame.
func (f *frames) one(m meddling) bool {
	f.t.Helper()
	f.before()
	begin := time.Now()
	said, err := f.meddled(m)
	took := time.Since(begin)
	ran := f.ranWithin(0)
	if err == nil {
		ran = f.ranWithin(goneTime)
	}
	f.clean()
	switch {
	case err == nil && m.What == "a descriptor less", err == nil && m.What == "duplicated", err == nil && m.What == reordered, err == nil && m.What == "skipped":
		// The frame has no descriptor, or was the last that anybody reads.
		f.accepted++
	case err == nil && m.What == ways()[0]:
		return false
	case err == nil:
		f.t.Error("the verb succeeds")
	case !strings.Contains(said, "error: ") || !strings.Contains(said, " in state "):
		f.t.Errorf("the caller says %q, and not in which state it failed", said)
	case ran && f.Verb != "exec" && !strings.Contains(said, "executed") && !strings.Contains(said, "parent in state starting"):
		f.t.Errorf("the program was executed: %s", said)
	}
	if strings.Contains(said, "no path leads to it") {
		f.t.Error(said)
	}
	if took > walkTime {
		f.t.Errorf("it took %s", took)
	}
	f.total++
	if !f.t.Failed() {
		f.passed++
	}
	return true
}

// meddled runs the verb to its end.
func (f *frames) meddled(m meddling) (said string, err error) {
	f.t.Helper()
	request := f.request
	request.Gated, request.Asked = false, f.around == nil
	// It takes seconds, and the model does not know a side that sends the same frame twice.
	request.Modelled = fullRun() && m.What != "duplicated"
	if slices.Contains([]string{silence, "skipped", reordered}, m.What) {
		request.Deadline = silenceTime
	}
	command := newCaller(f.t, request)
	if f.around != nil {
		defer f.around(m)()
	} else {
		file, err := asked{Meddling: &m}.file()
		must(f.t, err)
		defer file.Close()
		command.ExtraFiles = []*os.File{file}
	}
	command.Stderr = errorFile(f.t)
	must(f.t, command.Start())
	hung := time.AfterFunc(walkTime, func() { _ = command.Process.Kill() })
	defer hung.Stop()
	err = command.Wait()
	return written(f.t, command.Stderr), err
}

func newFrames(t *testing.T, verb string, edits ...harness.Edit) *frames {
	t.Helper()
	wholeInGuest(t)
	return &frames{matrix: newMatrix(t, verb, append(edits, func(spec *specs.Spec) {
		hook := []specs.Hook{{Path: "/bin/true"}}
		spec.Hooks = &specs.Hooks{CreateRuntime: hook}
	})...)}
}

// SPEC: M-SM-4
func TestFramesOfRunMeddledWith(t *testing.T) {
	newFrames(t, "run", harness.Args(markArgs...)).run()
}

// SPEC: M-SM-4
func TestFramesOfCreateMeddledWith(t *testing.T) {
	newFrames(t, "create", harness.Args(markArgs...), harness.UserNamespace).run()
}

// SPEC: M-SM-4
func TestFramesOfExecMeddledWith(t *testing.T) {
	f := newFrames(t, "exec", harness.Args("/bin/sleep", "100000"))
	f.Process = &specs.Process{Args: markArgs, Cwd: "/", NoNewPrivileges: true}
	f.before = func() {
		f.create()
		must(f.t, parent.Start(f.StateRoot, f.ID, parent.Handshake{}))
	}
	f.run()
}
