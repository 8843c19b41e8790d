package main

import (
	"os"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// While a startContainer hook runs, the child is in executing: after Start, before execve.
func TestChildKilledWhileExecuting(t *testing.T) {
	for name, edit := range map[string]harness.Edit{
		"with a pid namespace": func(*specs.Spec) {}, "without": harness.Without(specs.PIDNamespace),
	} {
		t.Run(name, func(t *testing.T) {
			marks, bind := hookPlace(t)
			c := newContainer(t, edit, bind, harness.Args("/bin/touch", marks+"/ran"),
				withHook("startContainer", shellHook("touch "+marks+"/hook; sleep 1000")))
			c.connect()
			failed := make(chan error, 1)
			go func() {
				_, err := parent.Run(c.Options)
				failed <- err
			}()
			appears(t, marks+"/hook")
			must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
			err := <-failed
			if err == nil || !strings.Contains(err.Error(), "before it executed the program") && !strings.Contains(err.Error(), "killed by SIGKILL") {
				t.Errorf("the error is %v", err)
			}
			if marked(marks) {
				t.Error("the program was executed")
			}
		})
	}
}

// appears waits for a file.
func appears(t *testing.T, name string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(2 * time.Millisecond) {
		if _, err := os.Lstat(name); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has not appeared", name)
		}
	}
}
