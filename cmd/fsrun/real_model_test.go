package main

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/model"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// recorder records what the parent's machine did.
type recorder []machine.Step

func (r *recorder) observe(step machine.Step) { *r = append(*r, step) }

// isPath checks that the model can do what was recorded, and that it ended.
func (r recorder) isPath(t *testing.T, end machine.State) {
	t.Helper()
	if err := model.Path("parent", r); err != nil {
		t.Error(err)
	}
	stands := machine.State("nowhere")
	for _, step := range r {
		if step.Row != nil {
			stands = step.Row.To
		}
	}
	if stands != end {
		t.Errorf("the parent ended in %s; want %s", stands, end)
	}
}

// TestRealRunsArePathsOfTheModel records real runs, successful and failing ones, all of
// which the model must know.
//
// SPEC: M-SM-1
func TestRealRunsArePathsOfTheModel(t *testing.T) {
	fails := func(spec *specs.Spec) {
		spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/false"}}}
	}
	for _, test := range []struct {
		name  string
		edits []harness.Edit
		end   machine.State
	}{
		{"plain", []harness.Edit{harness.Args("/bin/true")}, parentmachine.Running},
		{"user namespace", []harness.Edit{harness.Args("/bin/true"), harness.UserNamespace}, parentmachine.Running},
		{"hooks", []harness.Edit{harness.Args("/bin/true"), func(spec *specs.Spec) {
			spec.Hooks = &specs.Hooks{
				CreateRuntime:   []specs.Hook{{Path: "/bin/true"}},
				CreateContainer: []specs.Hook{{Path: "/bin/true"}},
				StartContainer:  []specs.Hook{{Path: "/bin/true"}},
			}
		}}, parentmachine.Running},
		{"no program", []harness.Edit{harness.Args("/bin/nothing")}, parentmachine.Dead},
		{"no source", []harness.Edit{harness.Args("/bin/true"), func(spec *specs.Spec) {
			spec.Mounts = append(spec.Mounts, harness.Bind("/nowhere", "/mnt"))
		}}, parentmachine.Dead},
		{"hook fails", []harness.Edit{harness.Args("/bin/true"), fails}, parentmachine.Dead},
		{"directory as program", []harness.Edit{harness.Args("/bin")}, parentmachine.Dead},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newContainer(t, test.edits...)
			c.connect()
			var recorded recorder
			c.Observe = recorded.observe
			running, err := parent.Run(c.Options)
			if (err == nil) != (test.end == parentmachine.Running) {
				t.Errorf("run: %v", err)
			}
			if err == nil {
				c.wait(running)
			}
			recorded.isPath(t, test.end)
		})
	}
}

// TestRealCallersArePathsOfTheModel records creators, starters, and processes that join.
func TestRealCallersArePathsOfTheModel(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.connect()
	var creator, starter, joiner, loser recorder
	c.Observe = creator.observe
	if _, err := parent.Create(c.Options); err != nil {
		t.Fatal(err)
	}
	creator.isPath(t, parentmachine.Detached)
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{Observe: starter.observe}); err != nil {
		t.Fatal(err)
	}
	starter.isPath(t, parentmachine.Running)
	joins := parent.ExecOptions{
		StateRoot: c.StateRoot, ID: c.ID, Stdio: c.Stdio,
		Process:   &specs.Process{Args: []string{"/bin/true"}, Cwd: "/", NoNewPrivileges: true},
		Handshake: parent.Handshake{Observe: joiner.observe},
	}
	running, err := parent.Exec(joins)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := running.Wait(); err != nil {
		t.Error(err)
	}
	joiner.isPath(t, parentmachine.Running)
	joins.Observe = loser.observe
	joins.Process = &specs.Process{Args: []string{"/bin/nothing"}, Cwd: "/", NoNewPrivileges: true}
	if running, err := parent.Exec(joins); err == nil {
		_, _ = running.Terminate()
		t.Error("a program was executed that is not there")
	}
	loser.isPath(t, parentmachine.Dead)
}
