package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// TestNotRunningIsNotSaidOfAContainerInTheMaking: engines understand those words as its
// end, but it will live.
func TestNotRunningIsNotSaidOfAContainerInTheMaking(t *testing.T) {
	directory, bind := hookPlace(t)
	goOn := filepath.Join(directory, "go-on")
	c := newContainer(t, harness.Args("/bin/true"), bind, withHook("createRuntime", shellHook("while ! test -e "+goOn+"; do sleep .01; done")))
	c.connect()
	created := make(chan error, 1)
	go func() {
		_, err := parent.Create(c.Options)
		created <- err
	}()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		inspected, err := parent.Inspect(c.StateRoot, c.ID)
		if err == nil && inspected.Status == state.Creating {
			break
		}
		if time.Now().After(end) {
			t.Fatal("it is never seen in the making: ", err)
		}
	}
	for verb, do := range map[string]func() error{
		"kill":     func() error { return parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false) },
		"kill all": func() error { return parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, true) },
		"exec": func() error {
			_, err := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"}})
			return err
		},
		"processes": func() error {
			_, err := parent.Processes(c.StateRoot, c.ID)
			return err
		},
	} {
		if err := do(); !errors.Is(err, parent.ErrStatus) || errors.Is(err, parent.ErrNotRunning) {
			t.Errorf("%s: %v", verb, err)
		}
	}
	must(t, os.WriteFile(goOn, nil, 0o644))
	must(t, <-created)
	must(t, c.startNow())
}

// TestForcedDeleteOfWhatIsNoContainer leaves it alone.
func TestForcedDeleteOfWhatIsNoContainer(t *testing.T) {
	root := t.TempDir()
	precious := filepath.Join(root, "data", "precious")
	must(t, os.MkdirAll(filepath.Dir(precious), 0o755))
	must(t, os.WriteFile(precious, nil, 0o644))
	must(t, parent.Delete(root, "data", true))
	if err := parent.Delete(root, "data", false); !errors.Is(err, state.ErrNotExist) {
		t.Errorf("without force: %v", err)
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}

// TestLastOfRepeatedVariables: callers append variables to override earlier ones.
func TestLastOfRepeatedVariables(t *testing.T) {
	c := newContainer(t, harness.Args("sleep", "1000"), func(spec *specs.Spec) {
		spec.Process.Env = []string{"A=1", "PATH=/nope", "A=2", "PATH=/bin"}
	})
	c.start()
	equal(t, "environment", "A=4", c.exec(&specs.Process{
		Args: []string{"sh", "-c", "env | grep ^A="}, Cwd: "/", Env: []string{"A=3", "PATH=/nope", "PATH=/bin", "A=4"},
	}))
}
