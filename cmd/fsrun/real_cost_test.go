package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/sys/boot"
)

// costFile records what a start costs, in counts that do not depend on how busy the machine
// is. A change that increases the cost fails this test; -update records the new cost.
const costFile = "testdata/cost.txt"

// tolerance is by how much a count may exceed the record: another kernel maps a few more
// pages, another version of Go makes a few more calls.
const tolerance = 0.05

// TestCost compares the costs with their record.
func TestCost(t *testing.T) {
	harness.NativeOnly(t, "the guest has no Go to build the binary with, and no strace")
	harness.Need(t, harness.Container...)
	strace, valgrind := harness.NeedProgram(t, "strace"), harness.NeedProgram(t, "valgrind")
	program := buildFsrun(t)
	c := newContainer(t, harness.Args("/bin/true"))
	costs := []cost{{"bytes of the binary", sizeOf(t, program)}}
	costs = append(costs, countCalls(c, strace, program)...)
	costs = append(costs, cost{"page faults of run, with child and program", countFaults(c, program)})
	many := newContainer(t, harness.Args("/bin/true"), manyBinds)
	costs = append(costs, cost{"page faults of run with 1,000 bind mounts", countFaults(many, program)})
	costs = append(costs, countAllocations(t, c)...)
	costs = append(costs, countInstructions(c, valgrind, program)...)
	compareCosts(t, costs)
}

// manyBinds shows the cost per mount: to read, lower, encode, decode and make it.
func manyBinds(spec *specs.Spec) {
	for i := range 1000 {
		spec.Mounts = append(spec.Mounts, harness.Bind("/etc/passwd", fmt.Sprintf("/mnt/%d", i)))
	}
}

// cost is one count.
type cost struct {
	name  string
	count int
}

// buildFsrun builds the binary as it is shipped, and copies it as an installation does: a
// file that was written at once is in the page cache in larger pieces than what the linker
// happens to leave, and is mapped with fewer faults.
func buildFsrun(t *testing.T) string {
	t.Helper()
	program := filepath.Join(harness.Directory(t), "fsrun")
	build := exec.Command(harness.NeedProgram(t, "go"), "build", "-trimpath", "-ldflags=-s -w "+boot.Link, "-o", program, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", build, err, output)
	}
	content, err := os.ReadFile(program)
	must(t, err)
	installed := program + ".installed"
	must(t, os.WriteFile(installed, content, 0o755))
	return installed
}

func sizeOf(t *testing.T, program string) int {
	t.Helper()
	info, err := os.Stat(program)
	must(t, err)
	return int(info.Size())
}

// runOf returns the command line for running the container with the built program.
func runOf(c *container, program string) []string {
	return []string{program, "--root", c.StateRoot, "run", "--bundle", c.Bundle, c.ID}
}

// waiting are calls with which the Go runtime's threads wait for each other; how often they
// do is chance.
var waiting = []string{
	"futex", "nanosleep", "sched_yield", "epoll_pwait", "tgkill", "rt_sigreturn", "getpid", "restart_syscall", "madvise",
	"clone", "sigaltstack", "rt_sigprocmask", "gettid", "mmap", "exit",
}

// countCalls counts the system calls of the parent and the child.
func countCalls(c *container, strace, program string) []cost {
	c.t.Helper()
	least := map[string]int{}
	for range 3 {
		traced := &tracing{t: c.t, output: filepath.Join(c.t.TempDir(), "trace")}
		words := append([]string{"-f", "-ttt", "-e", "trace=all", "-o", traced.output}, runOf(c, program)...)
		traced.command = exec.Command(strace, words...)
		traced.command.Stdout, traced.command.Stderr = os.Stdout, os.Stderr
		must(c.t, traced.command.Start())
		traced.wait()
		parent := traced.calls[0].pid
		for _, side := range []struct{ name, pid string }{{"parent", parent}, {"child", traced.childOf(parent)}} {
			count := traced.count(side.pid)
			if before, has := least[side.name]; !has || count < before {
				least[side.name] = count
			}
		}
	}
	return []cost{{"system calls of the parent in run", least["parent"]}, {"system calls of the child in run", least["child"]}}
}

// childOf returns the process that the parent's clone made.
func (r *tracing) childOf(parent string) string {
	r.t.Helper()
	threads := r.threads(parent)
	for _, one := range r.calls {
		if one.name == "clone3" && strings.Contains(one.rest, "CLONE_VFORK") && slices.Contains(threads, one.pid) {
			return one.rest[strings.LastIndex(one.rest, " ")+1:]
		}
	}
	r.t.Fatal("the trace shows no clone3 by the parent")
	return ""
}

// count counts a process's calls, including those of its threads.
func (r *tracing) count(process string) int {
	threads := r.threads(process)
	total := 0
	for _, one := range r.calls {
		if slices.Contains(threads, one.pid) && !slices.Contains(waiting, one.name) {
			total++
		}
	}
	return total
}

// countFaults counts page faults that needed no disk access.
func countFaults(c *container, program string) int {
	c.t.Helper()
	least := 0
	for range 10 {
		words := runOf(c, program)
		command := exec.Command(words[0], words[1:]...)
		command.Stderr = os.Stderr
		must(c.t, command.Run())
		faults := int(command.ProcessState.SysUsage().(*syscall.Rusage).Minflt)
		if least == 0 || faults < least {
			least = faults
		}
	}
	return least
}

// compareCosts fails for a cost that exceeds its record plus the tolerance, or has no
// record.
func compareCosts(t *testing.T, costs []cost) {
	t.Helper()
	if *update {
		var content strings.Builder
		for _, cost := range costs {
			fmt.Fprintf(&content, "%-45s %d\n", cost.name, cost.count)
		}
		must(t, os.WriteFile(costFile, []byte(content.String()), 0o644))
		return
	}
	recorded := readCosts(t)
	for _, cost := range costs {
		record, has := recorded[cost.name]
		switch {
		case !has:
			t.Errorf("%s: %d, and no record of it in %s; -update makes one", cost.name, cost.count, costFile)
		case float64(cost.count) > float64(record)*(1+tolerance):
			t.Errorf("%s: %d, recorded are %d; if it is worth that, -update records it", cost.name, cost.count, record)
		case float64(cost.count) < float64(record)*(1-tolerance):
			t.Logf("%s: %d, recorded are %d; -update keeps the gain", cost.name, cost.count, record)
		}
	}
}

func readCosts(t *testing.T) map[string]int {
	t.Helper()
	content, err := os.ReadFile(costFile)
	must(t, err)
	recorded := map[string]int{}
	for line := range strings.Lines(string(content)) {
		name, number, _ := cutLast(strings.TrimSpace(line))
		count, err := strconv.Atoi(number)
		must(t, err)
		recorded[name] = count
	}
	return recorded
}

// cutLast cuts a line at its last space.
func cutLast(line string) (before, last string, found bool) {
	at := strings.LastIndexByte(line, ' ')
	if at < 0 {
		return "", line, false
	}
	return strings.TrimSpace(line[:at]), line[at+1:], true
}
