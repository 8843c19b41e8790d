package main

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// runner runs tests: all tests of a row on the unchanged tree, and those of a mutant.
type runner struct {
	root string
	with outcomes
	// without holds the outcomes with openat2(2) blocked.
	without outcomes
}

// outcomes maps each test to pass, fail or skip.
type outcomes map[test]string

func (o outcomes) String() string {
	passed := 0
	for _, outcome := range o {
		if outcome == "pass" {
			passed++
		}
	}
	return fmt.Sprintf("%d/%d", passed, len(o))
}

// whole runs all tests of the rows on the unchanged tree, with and without openat2(2).
func (r *runner) whole(rows []*row) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	r.with, r.without = outcomes{}, outcomes{}
	for _, row := range rows {
		for _, t := range row.tests {
			r.with[t], r.without[t] = "missing", "missing"
		}
	}
	for _, batch := range batches(slices.Collect(maps.Keys(r.with))) {
		for where, into := range map[string]outcomes{"": r.with, self + " " + blockArgument: r.without} {
			if err := r.batch(batch, where, into); err != nil {
				return err
			}
		}
	}
	return nil
}

// batch is what a single go test can run: functions of a package, or scripts of a function.
type batch struct {
	directory, pattern string
	tests              []test
}

func batches(tests []test) []batch {
	// Scripts of the same function are together, as are functions of the same package.
	together := map[test][]test{}
	for _, t := range tests {
		key := test{directory: t.directory}
		if t.script != "" {
			key.name = t.name
		}
		together[key] = append(together[key], t)
	}
	var all []batch
	for key, tests := range together {
		var names []string
		for _, t := range tests {
			names = append(names, cmp.Or(t.script, t.name))
		}
		slices.Sort(names)
		pattern := "^(" + strings.Join(names, "|") + ")$"
		if key.name != "" {
			pattern = "^" + key.name + "$/" + pattern
		}
		all = append(all, batch{key.directory, pattern, tests})
	}
	return all
}

// batch runs tests under a program, "" for none, and records the outcomes. It prints the
// output of tests that fail.
func (r *runner) batch(b batch, by string, into outcomes) error {
	arguments := []string{"test", "-json", "-count=1", "-timeout=30m", "-run=" + b.pattern}
	if by != "" {
		arguments = append(arguments, "-exec="+by)
	}
	command := r.command(append(arguments, "./"+b.directory)...)
	output, _ := command.Output() // a test that fails or is missing is found below
	said := map[string][]string{} // by the test function
	return testlog.Decode(bytes.NewReader(output), func(event testlog.Event) {
		name, below, _ := strings.Cut(event.Test, "/")
		switch event.Action {
		case "output", "build-output":
			said[name] = append(said[name], event.Output)
		case "fail", "pass", "skip":
			if t := (test{b.directory, name, below}); slices.Contains(b.tests, t) {
				into[t] = event.Action
			}
			if event.Action == "fail" && below == "" {
				fmt.Printf("%s %s fails (%s):\n%s\n", b.directory, cmp.Or(name, "as a whole"), cmp.Or(by, "as always"), strings.Join(said[name], ""))
			}
		}
	})
}

// command returns a go command that links binaries the way releases are linked.
func (r *runner) command(arguments ...string) *exec.Cmd {
	command := exec.Command("go", arguments...)
	command.Dir, command.Env = r.root, append(os.Environ(), "CGO_ENABLED=0")
	return command
}

// tell prints the result of a row, given how many of its mutants survived, and reports
// whether it passed. Tests that this machine cannot run do not count, but at least one must
// have run.
func (r *runner) tell(row *row, alive int) bool {
	with, without := 0, 0
	failed := false
	for _, t := range row.tests {
		for outcomes, passed := range map[*outcomes]*int{&r.with: &with, &r.without: &without} {
			switch (*outcomes)[t] {
			case "pass":
				*passed++
			case "skip":
			default:
				failed = true
				fmt.Printf("%-4s %s: %s\n", row.class, t, (*outcomes)[t])
			}
		}
	}
	good := !failed && alive == 0 && with > 0 && without > 0
	verdict := "passed"
	if !good {
		verdict = "FAILED"
	}
	fmt.Printf("%-4s %d tests, %d pass, %d without openat2; %d of %d guards are missed when they are gone: %s\n",
		row.class, len(row.tests), with, without, len(row.mutants)-alive, len(row.mutants), verdict)
	return good
}

// try returns an error unless the mutant's test, which passes with the guard, fails without
// it.
func (r *runner) try(m *mutant) error {
	for _, t := range m.tests() {
		if outcome := r.with[t]; outcome != "pass" {
			return fmt.Errorf("%s with the guard: %s", t, outcome)
		}
	}
	directory, err := os.MkdirTemp("", "mutant")
	if err != nil {
		return err
	}
	defer os.RemoveAll(directory)
	overlay, err := m.overlay(r.root, directory)
	if err != nil {
		return err
	}
	arguments := []string{"test", "-count=1", "-timeout=120s", "-run=^(" + anchored(m.test) + ")$", "-overlay=" + overlay, "./" + m.directory}
	command := r.command(arguments...)
	output, err := command.CombinedOutput()
	switch {
	case err == nil:
		return fmt.Errorf("ALIVE: %s passes without the guard", m.test)
	case !strings.Contains(string(output), "--- FAIL: "):
		return fmt.Errorf("the mutant cannot be tested: %w\n%s", err, output)
	}
	return nil
}

// anchored makes each element of a test's name match as a whole.
func anchored(test string) string { return strings.ReplaceAll(test, "/", ")$/^(") }

// tests returns the tests of which one must notice.
func (m *mutant) tests() []test {
	if name, script, is := strings.Cut(m.test, "/"); is {
		return []test{{m.directory, name, script}}
	}
	var all []test
	for name := range strings.SplitSeq(m.test, "|") {
		all = append(all, test{directory: m.directory, name: name})
	}
	return all
}
