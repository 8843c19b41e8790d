package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
)

// Scripts are grouped by what they need, which the beginnings of their names say.

func TestFlagScripts(t *testing.T) { runScripts(t, "flags_*.txtar") }

func TestContainerScripts(t *testing.T) {
	harness.Need(t, harness.Container...)
	runScripts(t, "container_*.txtar")
}

func TestControllerScripts(t *testing.T) {
	harness.Need(t, harness.Container...)
	harness.Need(t, harness.Controller("pids"), harness.Controller("memory"), harness.Controller("cpu"))
	runScripts(t, "controller_*.txtar")
}

// TestCheckpointScripts tests from outside what TestCheckpoint… tests from inside.
func TestCheckpointScripts(t *testing.T) {
	harness.Need(t, harness.Container...)
	harness.NeedCRIU(t)
	runScripts(t, "checkpoint_*.txtar")
}

// scriptTime is how long the scripts of a pattern may take together, on a slow machine: if
// one hangs, it is reported and the tests after it run.
const scriptTime = 10 * time.Minute

func runScripts(t *testing.T, pattern string) {
	files, err := filepath.Glob(filepath.Join("../../testdata/script", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("no scripts %s: %v", pattern, err)
	}
	s := &scripts{}
	if pattern != "flags_*.txtar" {
		s.rootfs = filepath.Join(harness.Directory(t), "rootfs")
		harness.Rootfs(t, s.rootfs)
	}
	// When scripts run in parallel, the container that made the slice need not be the last to
	// leave it. Another test may still use it.
	t.Cleanup(func() { _ = os.Remove(harness.CgroupMount + harness.Slice()) })
	testscript.Run(t, testscript.Params{
		Files: files, Setup: s.setup, Condition: condition, Deadline: time.Now().Add(scriptTime),
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status":   status,
			"detached": detached,
			"bundle":   s.bundle,
		},
	})
}

type scripts struct{ rootfs string }

// setup gives a script a state directory, and ends the containers left in it. IDs are
// unique among the tests on this machine.
func (*scripts) setup(env *testscript.Env) error {
	root := filepath.Join(env.WorkDir, "state")
	env.Setenv("ROOT", root)
	env.Setenv("ID", harness.ID(nil))
	env.Defer(func() {
		left, _, err := parent.List(root)
		for _, container := range left {
			err = errors.Join(err, parent.Delete(root, container.ID, true))
		}
		if err != nil {
			env.T().Fatal(err)
		}
	})
	return nil
}

// status runs a command that must exit with a certain status: status 255 fsrun …
func status(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 2 {
		ts.Fatalf("usage: status NUMBER PROGRAM [ARGUMENT...]")
	}
	want, err := strconv.Atoi(arguments[0])
	ts.Check(err)
	got := 0
	var ended *exec.ExitError
	if err := ts.Exec(arguments[1], arguments[2:]...); errors.As(err, &ended) {
		got = ended.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// detached runs a command whose container keeps its output open. With a pipe, it would wait
// until the container ends. The output goes to the file "output".
func detached(ts *testscript.TestScript, negated bool, arguments []string) {
	if negated || len(arguments) < 1 {
		ts.Fatalf("usage: detached PROGRAM [ARGUMENT...]")
	}
	program, err := exec.LookPath(arguments[0])
	ts.Check(err)
	output, err := os.Create(ts.MkAbs("output"))
	ts.Check(err)
	defer output.Close()
	command := exec.Command(program, arguments[1:]...)
	command.Dir, command.Stdout, command.Stderr = ts.MkAbs("."), output, output
	if err := command.Run(); err != nil {
		ts.Fatalf("%v: %s", err, ts.ReadFile("output"))
	}
}

// bundle makes a bundle with busybox: bundle [-t] DIRECTORY PROGRAM [ARGUMENT...]
func (s *scripts) bundle(ts *testscript.TestScript, negated bool, arguments []string) {
	spec := bundle.Default(false)
	if len(arguments) > 0 && arguments[0] == "-t" {
		arguments = arguments[1:]
	} else {
		spec.Process.Terminal = false
	}
	if negated || len(arguments) < 2 {
		ts.Fatalf("usage: bundle [-t] DIRECTORY PROGRAM [ARGUMENT...]")
	}
	spec.Root.Path = s.rootfs
	spec.Process.Args = arguments[1:]
	spec.Linux.CgroupsPath = filepath.Join(harness.Slice(), ts.Getenv("ID"))
	content, err := json.Marshal(spec)
	ts.Check(err)
	directory := ts.MkAbs(arguments[0])
	ts.Check(os.MkdirAll(directory, 0o755))
	ts.Check(os.WriteFile(filepath.Join(directory, bundle.ConfigName), content, 0o644))
}

// condition adds a condition for scripts: [procps] is a ps(1) with all its flags, which
// busybox lacks.
func condition(name string) (bool, error) {
	switch name {
	case "procps":
		output, err := exec.Command("ps", "--version").CombinedOutput()
		return err == nil && strings.Contains(string(output), "procps"), nil
	}
	return false, fmt.Errorf("unknown condition %q", name)
}
