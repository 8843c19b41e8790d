package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// substitute is a program that becomes the child in the child's place.
type substitute struct {
	Path string
	Env  []string
}

// become executes it as SPEC.md says that a child is executed.
func (s *substitute) become() {
	fmt.Fprintf(os.Stderr, "%s: %v\n", s.Path, unix.Exec(s.Path, os.Args, s.Env))
	os.Exit(1)
}

// TestSecondChildStartsContainers: the parent starts a container with the default
// configuration and a child in another language, written from SPEC.md alone. The program
// must see exactly what it sees with our own child, when run, when created and started, and
// when joining. The parent's side must be a path of the model.
//
// SPEC: M-TRAN-15
func TestSecondChildStartsContainers(t *testing.T) {
	harness.NativeOnly(t, "the guest has no python3")
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("native only: python3 is not installed")
	}
	program, err := filepath.Abs("../../protocol/conformance/testdata/child.py")
	must(t, err)
	second := &substitute{program, []string{"PATH=" + os.Getenv("PATH")}}
	looks := []string{"/bin/sh", "-c", protections + "\ncat /proc/self/timerslack_ns"}
	masked := func(spec *specs.Spec) { spec.Linux.MaskedPaths = append(spec.Linux.MaskedPaths, "/proc/meminfo") } // this changes
	bundle := harness.Bundle(t, harness.Args(looks...), masked, func(spec *specs.Spec) {
		spec.Process.User = specs.User{UID: 1000, GID: 100, AdditionalGids: []uint32{7}, Umask: new(uint32)}
	})
	own := seenBy(t, bundle, nil, "run")
	for _, verbs := range [][]string{{"run"}, {"create", "start"}} {
		if difference := cmp.Diff(own, seenBy(t, bundle, second, verbs...)); difference != "" {
			t.Errorf("%v: with the second child the program sees otherwise (-own +second):\n%s", verbs, difference)
		}
	}
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), masked)
	c.start()
	process := &specs.Process{Args: looks, Cwd: "/", NoNewPrivileges: true}
	said := map[*substitute]string{}
	for _, child := range []*substitute{nil, second} {
		said[child] = callWith(t, child, request{Verb: "exec", StateRoot: c.StateRoot, ID: c.ID, Process: process})
	}
	if difference := cmp.Diff(said[nil], said[second]); difference != "" {
		t.Errorf("exec: with the second child the program sees otherwise (-own +second):\n%s", difference)
	}
}

// seenBy returns what a container's program prints when these verbs start it.
func seenBy(t *testing.T, bundle string, child *substitute, verbs ...string) string {
	t.Helper()
	c := newContainerOf(t, bundle)
	var requests []request
	for _, verb := range verbs {
		requests = append(requests, request{Verb: verb, StateRoot: c.StateRoot, ID: c.ID, Bundle: bundle})
	}
	return callWith(t, child, requests...)
}

// numbers matches those of namespaces, which are new each time.
var numbers = regexp.MustCompile(`:\[\d+\]`)

// callWith has callers do what is requested, with their own child or another, and returns
// what the program writes until nobody can write any more.
func callWith(t *testing.T, child *substitute, requests ...request) string {
	t.Helper()
	file, err := asked{Substitute: child}.file()
	must(t, err)
	defer file.Close()
	var said output
	said.begin(t)
	for _, r := range requests {
		r.Asked, r.Modelled = true, true
		command := newCaller(t, r)
		command.ExtraFiles = []*os.File{file}
		command.Stdout, command.Stderr = said.write, errorFile(t)
		err := command.Run()
		if wrong := written(t, command.Stderr); err != nil {
			t.Errorf("%s: %v: %s", r.Verb, err, wrong)
		}
	}
	said.end()
	return numbers.ReplaceAllString(changing.ReplaceAllString(said.String(), "…"), "…")
}
