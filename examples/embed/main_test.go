package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/protocol"
)

// The test's binary is the child, too: main.go's init sees to it.
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

func TestTellsWhereAndWhy(t *testing.T) {
	harness.Need(t, harness.Container...)
	_, err := runBundle(t.TempDir(), harness.Bundle(t, harness.Args("/bin/missing")), &bytes.Buffer{})
	var fault *protocol.Fault
	if !errors.As(err, &fault) || fault.Path != "process.args[0]" || !strings.Contains(err.Error(), "no such file or directory") {
		t.Errorf("%v", err)
	}
}
