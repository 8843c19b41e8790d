package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent"
)

// rows returns a machine's rows, in order.
func rows(steps []recording.Step) string {
	var ids []string
	for _, step := range steps {
		if step.IsRow() {
			ids = append(ids, step.Row)
		}
	}
	return strings.Join(ids, " ")
}

// The recordings of the handshakes that created and started a container are kept until it
// is deleted.
func TestHandshakeIsKept(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	kept := recordings(t, c, 1)
	equal(t, "the creator's rows", "P01 P02 P03 P04 P05 P15 P16 P18", rows(kept[0].Parent))
	equal(t, "the child's rows", "C01 C02 C03 C09 C15", rows(kept[0].Child))
	equal(t, "verb", "create", kept[0].Verb)
	if len(kept[0].Operations) < 10 || !slices.ContainsFunc(kept[0].Operations, func(op recording.Operation) bool {
		return strings.HasPrefix(op.Name, "mount[") && strings.HasSuffix(op.Name, " proc on /proc") && op.Took > 0
	}) {
		t.Errorf("the operations are %+v", kept[0].Operations)
	}
	if err := parent.Start(c.StateRoot, c.ID, parent.Handshake{}); err != nil {
		t.Fatal(err)
	}
	kept = recordings(t, c, 2)
	equal(t, "the starter's rows", "P19 P20 P21", rows(kept[1].Parent))
}

// A handshake that fails leaves no container, but a recording for whoever asked for one.
func TestFailedHandshakeIsRecorded(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/missing", "hunter2"))
	var made *recording.Recording
	c.Recorded = func(r *recording.Recording) { made = r }
	_ = c.refuse()
	if made == nil || made.Fault == nil {
		t.Fatalf("recorded: %+v", made)
	}
	equal(t, "rows", "P01 P02 P03 P04 P05 P30.preparing P22", rows(made.Parent))
	equal(t, "code", "exec", made.Fault.Code)
	if content := string(recording.Encode(made)); strings.Contains(content, "hunter2") {
		t.Errorf("an argument is recorded: %s", content)
	}
}

// So does one that joins a container.
func TestExecIsRecorded(t *testing.T) {
	c := created(t, harness.Args("/bin/sleep", "1000"))
	joined := &container{t: t}
	joined.connect()
	var made *recording.Recording
	running, err := parent.Exec(parent.ExecOptions{
		StateRoot: c.StateRoot, ID: c.ID, Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"}, Stdio: joined.Stdio,
		Handshake: parent.Handshake{Recorded: func(r *recording.Recording) { made = r }},
	})
	if err != nil {
		t.Fatal(err)
	}
	joined.wait(running)
	equal(t, "rows", "P01 P02 P03 P04 P05 P09 P10 P15 P16 P17 P20 P21", rows(made.Parent))
	equal(t, "the child's rows", "C01 C02 C03 C09 C10 C11 C15", rows(made.Child))
}

func recordings(t *testing.T, c *container, count int) []*recording.Recording {
	t.Helper()
	kept, err := parent.Recordings(c.StateRoot, c.ID)
	if err != nil || len(kept) != count {
		t.Fatalf("%d recordings are kept, want %d; %v", len(kept), count, err)
	}
	return kept
}

// Every real handshake is a path through both tables, even one that fails.
func TestRealHandshakesReplay(t *testing.T) {
	for _, test := range []struct {
		name string
		edit harness.Edit
	}{
		{"plain", harness.Args("/bin/true")},
		{"user namespace and hooks", func(spec *specs.Spec) {
			harness.UserNamespace(spec)
			for _, point := range []string{"createRuntime", "createContainer"} {
				withHook(point, specs.Hook{Path: "/bin/true"})(spec)
			}
		}},
		{"plan in parts", func(spec *specs.Spec) {
			for i := range 200 {
				spec.Process.Env = append(spec.Process.Env, fmt.Sprintf("V%d=%s", i, strings.Repeat("x", 4000)))
			}
		}},
		{"mount that is refused", func(spec *specs.Spec) {
			spec.Mounts = append(spec.Mounts, specs.Mount{Destination: "/mnt", Type: "nofs", Source: "nofs"})
		}},
		{"hook that fails in the parent", withHook("createRuntime", specs.Hook{Path: "/bin/false"})},
		{"hook that fails in the child", withHook("createContainer", specs.Hook{Path: "/bin/false"})},
		{"hook that fails before the program", withHook("startContainer", specs.Hook{Path: "/bin/false"})},
		{"program of no format", harness.Args("/text")},
	} {
		t.Run(test.name, func(t *testing.T) {
			bundle := harness.Bundle(t, harness.Args("/bin/true"), test.edit)
			must(t, os.WriteFile(filepath.Join(bundle, "rootfs", "text"), []byte("text"), 0o755))
			c := newContainerOf(t, bundle)
			var made *recording.Recording
			c.Recorded = func(r *recording.Recording) { made = r }
			c.connect()
			if running, err := parent.Run(c.Options); err == nil {
				c.wait(running)
			}
			if made == nil {
				t.Fatal("nothing was recorded")
			}
			for _, problem := range recording.Problems(tables.Replay(made)) {
				t.Errorf("%s: %s: %s", problem.Machine, problem.What, problem.Problem)
			}
			if line := tables.Timeline(made); line.Unknown != nil || len(line.Spans) < 10 {
				t.Errorf("%d spans; %v", len(line.Spans), line.Unknown)
			}
		})
	}
}
