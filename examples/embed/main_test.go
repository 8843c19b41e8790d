package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol"
)

// The test's binary is also the child: package first takes care of it.
func TestMain(m *testing.M) {
	if err := harness.Isolate(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestRunsABundle(t *testing.T) {
	harness.Need(t, harness.Container...)
	var log bytes.Buffer
	status, err := runBundle(t.TempDir(), harness.Bundle(t, harness.Shell("exit 7")), &log)
	if err != nil || status != 7 {
		t.Fatalf("status %d, want 7: %v", status, err)
	}
	states := strings.Fields(log.String())
	if len(states) < 5 || states[0] != "reserving" || states[len(states)-1] != "running" {
		t.Errorf("states: %q", states)
	}
}

// TestExecsAmongTracers: if the container's processes may look into others, this binary is
// executed once more, to start the child.
func TestExecsAmongTracers(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Static)...)
	o := parent.Options{
		StateRoot: t.TempDir(), ID: "traced", Bundle: harness.Bundle(t, harness.Args("/bin/sleep", "1000"), harness.Capable(t)),
		Stdio: [3]int{0, 1, 2},
	}
	running, err := parent.Run(o)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		_, err := running.Terminate()
		if err := errors.Join(err, parent.Delete(o.StateRoot, o.ID, true)); err != nil {
			t.Error(err)
		}
	}()
	joined, err := parent.Exec(parent.ExecOptions{StateRoot: o.StateRoot, ID: o.ID, Stdio: o.Stdio,
		Process: &specs.Process{Args: []string{"/bin/sh", "-c", "exit 9"}, Cwd: "/"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, err := joined.Wait(); err != nil || status.ExitStatus() != 9 {
		t.Errorf("status %v, want 9: %v", status, err)
	}
}

func TestTellsWhereAndWhy(t *testing.T) {
	harness.Need(t, harness.Container...)
	_, err := runBundle(t.TempDir(), harness.Bundle(t, harness.Args("/bin/missing")), &bytes.Buffer{})
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Path != "process.args[0]" || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("%v", err)
	}
}
