package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/protocol"
)

// purePart is a part of a start that makes no system calls.
type purePart struct {
	name string
	do   func() error
}

// pureParts returns those of a bundle's start.
func pureParts(directory string) ([]purePart, error) {
	text, err := os.ReadFile(filepath.Join(directory, bundle.ConfigName))
	if err != nil {
		return nil, err
	}
	spec, err := bundle.ParseSpec(string(text))
	if err != nil {
		return nil, err
	}
	facts := &plan.Facts{
		Bundle: directory, ID: "pure", CgroupMount: harness.CgroupMount, OpenFiles: 1024, MaxOpenFiles: 524288, Capabilities: 1<<64 - 1,
	}
	lowered, err := plan.Init(spec, facts)
	if err != nil {
		return nil, err
	}
	frame, err := protocol.Encode(&protocol.Plan{Ops: lowered.Ops})
	if err != nil {
		return nil, err
	}
	return []purePart{
		{"read config.json", func() error { _, err := bundle.ParseSpec(string(text)); return err }},
		{"lower it to a plan", func() error { _, err := plan.Init(spec, facts); return err }},
		{"encode the plan", func() error { _, err := protocol.Encode(&protocol.Plan{Ops: lowered.Ops}); return err }},
		{"decode the plan", func() error { _, err := protocol.Decode(frame, 0, protocol.SetOf(protocol.KindPlan)); return err }},
	}, nil
}

// countAllocations counts the allocations of the pure parts.
func countAllocations(t *testing.T, c *container) (costs []cost) {
	t.Helper()
	parts, err := pureParts(c.Bundle)
	must(t, err)
	const rounds = 100
	for _, part := range parts {
		count := testing.AllocsPerRun(rounds, func() { must(t, part.do()) })
		costs = append(costs, cost{"allocations to " + part.name, int(count)})
	}
	return costs
}

// countInstructions counts the instructions executed for the pure parts, and for the
// program's start: the initialization of its runtime and packages. Valgrind emulates the
// processor: real performance counters are missing in most virtual machines and differ
// between processors.
func countInstructions(c *container, valgrind, program string) []cost {
	c.t.Helper()
	least := math.MaxInt
	for range 5 { // the runtime's threads sometimes spin
		least = min(least, instructions(c.t, valgrind, nil, program, "--version"))
	}
	costs := []cost{{"instructions to start and show the version", least}}
	parts, err := pureParts(c.Bundle)
	must(c.t, err)
	self, err := os.Executable()
	must(c.t, err)
	// What comes before and after the repetitions is in both counts.
	const times = 200
	counted := func(number, times int) int {
		return instructions(c.t, valgrind, []string{fmt.Sprintf("%s=%d %d %s", repeatVariable, number, times, c.Bundle)}, self)
	}
	without := counted(0, 0)
	for number, part := range parts {
		costs = append(costs, cost{"instructions to " + part.name, (counted(number, times) - without) / times})
	}
	return costs
}

// totalOfInstructions matches cachegrind's total.
var totalOfInstructions = regexp.MustCompile(`I\s+refs:\s+([0-9,]+)`)

// instructions counts those of a command. The garbage collector and preemption signals,
// whose timing varies, are turned off, and so are processor features that some processors,
// or valgrind, do not have.
func instructions(t *testing.T, valgrind string, environment []string, words ...string) int {
	t.Helper()
	command := exec.Command(valgrind, append([]string{"--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"}, words...)...)
	command.Env = append(append(os.Environ(), "GOGC=off", "GOMAXPROCS=1", "GODEBUG=asyncpreemptoff=1,cpu.all=off"), environment...)
	var said bytes.Buffer
	command.Stderr = &said
	if err := command.Run(); err != nil {
		t.Fatalf("%v: %v\n%s", command, err, &said)
	}
	total := totalOfInstructions.FindStringSubmatch(said.String())
	if total == nil {
		t.Fatalf("valgrind tells no instructions:\n%s", &said)
	}
	count, err := strconv.Atoi(strings.ReplaceAll(total[1], ",", ""))
	must(t, err)
	return count
}

// repeatVariable makes this program repeat a pure part, given by number, for a bundle.
const repeatVariable = "FSRUN_TEST_REPEAT"

func repeatMain(what string) {
	var number, times int
	var directory string
	_, err := fmt.Sscan(what, &number, &times, &directory)
	var parts []purePart
	if err == nil {
		parts, err = pureParts(directory)
	}
	for range times {
		if err == nil {
			err = parts[number].do()
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}
