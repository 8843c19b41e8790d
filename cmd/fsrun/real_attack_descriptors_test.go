package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol/machine"
)

// leaked is how many directories of the host the caller has open.
const leaked = 20

// leak opens directories of the host without close-on-exec.
func leak(t *testing.T) (highest int) {
	t.Helper()
	for range leaked {
		descriptor, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
		must(t, err)
		t.Cleanup(func() { unix.Close(descriptor) })
		highest = max(highest, descriptor)
	}
	return highest
}

// TestLeakedDirectoriesAreNoWayOut: neither as working directory nor in the path of the
// program, whatever the number.
//
// CLASS: V3
func TestLeakedDirectoriesAreNoWayOut(t *testing.T) {
	harness.Need(t, harness.Container...)
	directory := harness.Bundle(t)
	highest := leak(t)
	step := 1
	if harness.Guest() {
		step = 5 // it is emulated
	}
	for number := 0; number < highest+5; number += step {
		for what, change := range map[string]func(*specs.Process){
			"cwd":     func(p *specs.Process) { p.Cwd = fmt.Sprintf("/proc/self/fd/%d", number) },
			"parent":  func(p *specs.Process) { p.Cwd = fmt.Sprintf("/proc/self/fd/%d/..", number) },
			"program": func(p *specs.Process) { p.Args[0] = fmt.Sprintf("/proc/self/fd/%d/bin/true", number) },
		} {
			edit := func(spec *specs.Spec) {
				spec.Process.Args = []string{"/bin/true"}
				change(spec.Process)
			}
			if err := attempt(t, directory, edit); err == nil {
				t.Errorf("%s by descriptor %d: it ran", what, number)
			}
		}
	}
}

// attempt runs a bundle again with another configuration.
func attempt(t *testing.T, directory string, edits ...harness.Edit) error {
	t.Helper()
	harness.EditSpec(t, directory, edits...)
	c := newContainerOf(t, directory)
	c.connect()
	running, err := parent.Run(c.Options)
	if err != nil {
		return err
	}
	_, err = running.Wait()
	return err
}

// TestNoSocketWithAName: at no step does a process of the runtime or the container have a
// named socket that a container which shares the network could connect to.
//
// CLASS: V16
func TestNoSocketWithAName(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), harness.Without(specs.NetworkNamespace))
	c.Observe = func(step machine.Step) {
		for _, name := range ownNames(t) {
			t.Errorf("at %s there is a socket %s", harness.StepName(step), name)
		}
	}
	c.start()
	c.exec(&specs.Process{Args: []string{"/bin/true"}, Cwd: "/"})
	if control := listenByName(t); !slices.Contains(ownNames(t), control) {
		t.Errorf("a socket %s is not found", control)
	}
}

// listenByName makes such a socket, to check that it would be found.
func listenByName(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("@fsrun-test-%d", os.Getpid())
	listener, err := net.Listen("unix", name)
	must(t, err)
	t.Cleanup(func() { listener.Close() })
	return name
}

// ownNames returns the abstract names of sockets of this process and its descendants.
func ownNames(t *testing.T) (names []string) {
	t.Helper()
	content, err := os.ReadFile("/proc/self/net/unix")
	must(t, err)
	var held []string
	processes := []string{strconv.Itoa(os.Getpid())}
	for _, descendant := range harness.Descendants(os.Getpid()) {
		pid, _, _ := strings.Cut(descendant, " ")
		processes = append(processes, pid)
	}
	for _, pid := range processes {
		links, _ := filepath.Glob("/proc/" + pid + "/fd/*")
		for _, link := range links {
			target, _ := os.Readlink(link) // it may be gone
			held = append(held, target)
		}
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) == 8 && strings.HasPrefix(fields[7], "@") && slices.Contains(held, "socket:["+fields[6]+"]") {
			names = append(names, fields[7])
		}
	}
	return names
}
