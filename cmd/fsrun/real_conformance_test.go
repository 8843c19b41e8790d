package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/model"
	"github.com/fsrun/fsrun/protocol/conformance"
	_ "github.com/fsrun/fsrun/protocol/conformance/stub" // the test binary is also the stub
	stories "github.com/fsrun/fsrun/testdata/conformance"
)

// TestParentConforms plays the child against fsrun run: every story, every state and kind,
// and every deviation in one step.
//
// SPEC: M-TRAN-12, M-TRUST-2, M-TRUST-3, M-TRUST-4, M-TRUST-5, M-VER-5, M-ENC-10, M-ENC-11, M-EXE-2, M-END-3
func TestParentConforms(t *testing.T) {
	subject := realParent(t)
	cases, err := conformance.Stories(stories.FS, conformance.Parent)
	if err != nil {
		t.Fatal(err)
	}
	cases = slices.Concat(cases, conformance.Matrix(conformance.Parent), conformance.Deviations(conformance.Parent))
	report := conformance.Run(subject, cases, conformance.Options{Slow: true, Parallel: 1}) // they share a cgroup
	if report.Failed > 0 || report.Passed == 0 {
		var text strings.Builder
		report.Write(&text)
		t.Error(text.String())
	}
	t.Logf("figure: conformance cases (parent) %d/%d", report.Passed, report.Passed+report.Failed)
}

// realParent is fsrun run.
func realParent(t *testing.T) conformance.ParentProgram {
	t.Helper()
	harness.NativeOnly(t, "what the parent says to a child is the same on every kernel")
	plain, mapped := newContainer(t, harness.Args("/bin/true")), newContainer(t, harness.Args("/bin/true"), harness.UserNamespace)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := filepath.Join(t.TempDir(), commandName)
	if err := os.Symlink(self, command); err != nil {
		t.Fatal(err)
	}
	run := func(c *container, flags ...string) []string {
		return slices.Concat([]string{command, "--root", c.StateRoot, "run", "--bundle", c.Bundle}, flags, []string{c.ID})
	}
	return conformance.ParentProgram{
		Command: run(plain), Mapped: run(mapped),
		Silent: run(plain, "--deadline", "awaiting_welcome=1s", "--deadline", "preparing=1s", "--deadline", "starting=1s"),
	}
}

// TestCounterexamplesAreReplayed: the model's counterexamples for seeded bugs are played
// against the real parent and the real child, which do not play any of them to its end.
func TestCounterexamplesAreReplayed(t *testing.T) {
	self, err := os.Executable()
	must(t, err)
	replayed := 0
	for name, subject := range map[string]conformance.Subject{
		conformance.Parent: realParent(t), conformance.Child: conformance.ChildProgram{Path: self, Env: os.Environ()},
	} {
		tales, err := model.Tales(name)
		must(t, err)
		for _, tale := range tales {
			if !tale.Tells {
				continue
			}
			story, err := conformance.Parse(tale.Bug, name, tale.Story)
			must(t, err)
			story.Patience = time.Second
			if _, err := conformance.Play(subject, story); err == nil {
				t.Errorf("%s: the %s has it\n%s", tale.Bug, name, tale.Story)
			}
			replayed++
		}
	}
	t.Logf("figure: counterexamples replayed against the real sides %d", replayed)
}
