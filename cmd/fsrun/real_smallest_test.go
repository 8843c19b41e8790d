package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/seccomp"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// inARow is how many starts in a row must succeed under a limit. The search in
// internal/bench requires a thousand.
const inARow = 5

// smallKinds says what the bundles contain besides the limit.
var smallKinds = []struct {
	name  string
	edits []harness.Edit
}{
	{"plain", nil},
	{"user namespace", []harness.Edit{harness.UserNamespace}},
	{"seccomp", []harness.Edit{withDefaultProfile}},
	{"user namespace, seccomp", []harness.Edit{harness.UserNamespace, withDefaultProfile}},
}

func withDefaultProfile(spec *specs.Spec) { spec.Linux.Seccomp = seccomp.DefaultProfile() }

// promisedMemory is the largest memory.max that a program which needs next to nothing may
// require.
const promisedMemory = 160 << 10

// TestSmallestLimits: a static program that does nothing starts again and again under the
// promised limits.
func TestSmallestLimits(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"), harness.Controller("memory"))...)
	for _, verb := range smallVerbs {
		for _, kind := range smallKinds {
			s := &small{t: t, verb: verb}
			s.prepare(kind.edits)
			for what, limit := range map[string]harness.Edit{"pids.max": s.pids(1), "memory.max": harness.Memory(promisedMemory)} {
				s.edit(limit)
				if !s.starts(countOf(inARow, 1000)) {
					t.Errorf("%s of a bundle with %s does not start under the %s that is promised", verb, kind.name, what)
				}
			}
		}
	}
}

// smallVerbs are the commands that start a program.
var smallVerbs = []string{"run", "create", "exec"}

// small starts one bundle again and again with the command line.
type small struct {
	t      *testing.T
	verb   string
	bundle string
	state  string
}

func (s *small) prepare(edits []harness.Edit) {
	s.t.Helper()
	s.bundle, s.state = harness.Bundle(s.t, edits...), s.t.TempDir()
	harness.ExitProgram(s.t, filepath.Join(s.bundle, "rootfs/bin/exit"))
	harness.PauseProgram(s.t, filepath.Join(s.bundle, "rootfs/bin/pause"))
}

// pids leaves room for the container's own program beside one that joins.
func (s *small) pids(limit int64) harness.Edit {
	if s.verb == "exec" {
		limit++
	}
	return harness.Pids(limit)
}

// edit gives the bundle these limits and no others, and the verb's program.
func (s *small) edit(edits ...harness.Edit) {
	s.t.Helper()
	program := "/bin/exit"
	if s.verb == "exec" {
		program = "/bin/pause"
	}
	unlimited := func(spec *specs.Spec) { spec.Linux.Resources.Pids, spec.Linux.Resources.Memory = nil, nil }
	harness.EditSpec(s.t, s.bundle, append([]harness.Edit{unlimited, harness.Args(program)}, edits...)...)
}

func (s *small) starts(times int) bool {
	id := harness.ID(s.t)
	defer s.call("delete", "--force", id)
	if s.verb == "exec" {
		if !s.call("create", "--bundle", s.bundle, id) || !s.call("start", id) {
			return false
		}
	}
	for range times {
		switch s.verb {
		case "run":
			if !s.call("run", "--bundle", s.bundle, id) {
				return false
			}
		case "create":
			if !s.call("create", "--bundle", s.bundle, id) || !s.call("start", id) || !s.ended(id) || !s.call("delete", "--force", id) {
				return false
			}
		case "exec":
			if !s.call("exec", id, "/bin/exit") {
				return false
			}
		}
	}
	return true
}

// ended waits for a container's program that is not our child. Whether it succeeded is
// unknown, but start fails if it did not run at all.
func (s *small) ended(id string) bool {
	for range 1000 {
		output, err := exec.Command("fsrun", "--root", s.state+"/fsrun", "state", id).Output()
		if err != nil {
			return false
		}
		if bytes.Contains(output, []byte(`"stopped"`)) {
			return true
		}
	}
	return false
}

func (s *small) call(arguments ...string) bool {
	s.t.Helper()
	// A file: a created container keeps what it inherits.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	must(s.t, err)
	defer null.Close()
	// A file for the output, which a failure shows.
	said, err := os.CreateTemp(s.state, "said")
	must(s.t, err)
	defer said.Close()
	command := exec.Command("fsrun", append([]string{"--root", s.state + "/fsrun"}, arguments...)...)
	command.Stdin, command.Stdout, command.Stderr = null, null, said
	if err := command.Run(); err != nil {
		content, _ := os.ReadFile(said.Name())
		s.t.Logf("%v: %v: %s", command, err, content)
		return false
	}
	return true
}

// TestExecAtTheLimit: nothing can join a container at its limit, which one line says; if
// there is one slot, one process can.
func TestExecAtTheLimit(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"))...)
	for slots, fits := range map[int64]bool{0: false, 1: true} {
		t.Run(fmt.Sprint(slots), func(t *testing.T) {
			bundle := harness.Bundle(t, harness.Args("/bin/pause"), harness.Pids(1+slots))
			harness.PauseProgram(t, filepath.Join(bundle, "rootfs/bin/pause"))
			harness.ExitProgram(t, filepath.Join(bundle, "rootfs/bin/exit"))
			c := newContainerOf(t, bundle)
			c.start()
			output, err := exec.Command("fsrun", "--root", c.StateRoot, "exec", c.ID, "/bin/exit").CombinedOutput()
			said := strings.TrimSpace(string(output))
			switch {
			case fits && err != nil:
				t.Errorf("%v: %s", err, said)
			case !fits && (err == nil || strings.Contains(said, "\n") || !strings.Contains(said, "pids limit")):
				t.Errorf("it said %q, %v", said, err)
			}
		})
	}
}

// TestNothingIsChargedBeforeTheProgram: when limits are committed, a small container's
// cgroup has been charged only for the existence of the child and for nothing that it did
// before, and this does not change while the child waits for Start. Whatever is charged
// after that is execve's.
//
// SPEC: M-COM-7
func TestNothingIsChargedBeforeTheProgram(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("memory"))...)
	bundle := harness.Bundle(t, harness.Args("/bin/exit"), harness.Memory(promisedMemory))
	harness.ExitProgram(t, filepath.Join(bundle, "rootfs/bin/exit"))
	c := newContainerOf(t, bundle)
	looks := 0
	look := func(when string) {
		looks++
		for _, file := range []string{"current", "peak"} {
			content, err := os.ReadFile(harness.CgroupMount + cgroupOf(c) + "/memory." + file)
			must(t, err)
			bytes, err := strconv.Atoi(strings.TrimSpace(string(content)))
			must(t, err)
			// The kernel charges 64 pages at once and returns the rest, which the peak
			// includes.
			most := 32 << 10
			if file == "peak" {
				most += 64 * os.Getpagesize()
			}
			if bytes > most {
				t.Errorf("%s, memory.%s: %d bytes", when, file, bytes)
			}
			t.Logf("figure: memory charged %s, memory.%s %dKiB", when, file, bytes>>10)
		}
	}
	c.Observe = func(step machine.Step) {
		if step.Sent && step.Frame != nil && step.Frame.Kind() == protocol.KindCommitted {
			look("at Committed")
		}
	}
	c.create()
	look("when created")
	must(t, parent.Start(c.StateRoot, c.ID, parent.Handshake{}))
	equal(t, "looks", 2, looks)
}
