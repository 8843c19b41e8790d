package testlog

import (
	"cmp"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// MaxOutputBytes is how much of the end of a test's output is kept.
const MaxOutputBytes = 64 << 10

// NativeOnly begins the message of a skip that is correct in the guest: the test only makes
// sense outside.
const NativeOnly = "native only: "

// Test identifies a test; an empty Name stands for the package as a whole.
type Test struct {
	Package string
	Name    string
}

func (t Test) String() string {
	if t.Name == "" {
		return t.Package
	}
	return t.Package + "." + t.Name
}

func (t Test) compare(other Test) int {
	return cmp.Or(strings.Compare(t.Package, other.Package), strings.Compare(t.Name, other.Name))
}

// Problem is a test that failed or was skipped, and its output.
type Problem struct {
	Test
	Output string
}

// Tally counts tests, including subtests, from events. A package that fails although none
// of its tests did counts as one failure. The zero value is ready to use.
type Tally struct {
	Passed  int
	Failed  int
	Skipped int

	failures   []Problem
	skips      []Problem
	unfinished map[Test]bool
	output     map[Test]*tail
	builds     map[string]*tail
	figures    []Figure
}

// Add adds an event.
func (t *Tally) Add(event Event) {
	if t.output == nil {
		t.output = make(map[Test]*tail)
		t.unfinished = make(map[Test]bool)
		t.builds = make(map[string]*tail)
	}
	test := Test{event.Package, event.Test}
	switch event.Action {
	case "output":
		add(t.output, test, event.Output)
		t.figure(event.Output)
	case "build-output":
		add(t.builds, event.ImportPath, event.Output)
	case "build-fail":
		t.failures = append(t.failures, Problem{Test{Package: event.ImportPath}, t.builds[event.ImportPath].String()})
	case "run":
		t.unfinished[test] = true
	case "pass", "fail", "skip":
		t.finish(test, event.Action)
	}
}

// Abandoned returns the events that are missing from the stream: a failure for each test
// that began but never ended, because its process did. They must be passed to Add.
func (t *Tally) Abandoned() []Event {
	var events []Event
	for _, test := range slices.SortedFunc(maps.Keys(t.unfinished), Test.compare) {
		events = append(events,
			Event{Action: "output", Package: test.Package, Test: test.Name, Output: "(never ended)\n"},
			Event{Action: "fail", Package: test.Package, Test: test.Name})
	}
	return events
}

// Failures returns what failed, in order.
func (t *Tally) Failures() []Problem {
	return slices.SortedStableFunc(slices.Values(t.failures), func(a, b Problem) int { return a.compare(b.Test) })
}

// Skips returns the tests that were skipped.
func (t *Tally) Skips() []Problem {
	return slices.Clone(t.skips)
}

// WrongSkips returns the tests that were skipped with a message that does not begin with
// [NativeOnly].
func (t *Tally) WrongSkips() []Problem {
	return slices.DeleteFunc(t.Skips(), func(skip Problem) bool {
		return strings.HasPrefix(SkipMessage(skip.Output), NativeOnly)
	})
}

// Ran returns how many tests ended other than by a skip.
func (t *Tally) Ran() int {
	return t.Passed + t.Failed
}

// String returns the final line of a run.
func (t *Tally) String() string {
	return Line(t.Passed, t.Failed, t.Skipped)
}

// Line returns the final line of a run with the given counts.
func Line(passed, failed, skipped int) string {
	line := fmt.Sprintf("%d passed, %d failed", passed, failed)
	if skipped > 0 {
		line += fmt.Sprintf(", %d skipped", skipped)
	}
	return line
}

func (t *Tally) finish(test Test, action string) {
	delete(t.unfinished, test)
	problem := Problem{test, t.output[test].String()}
	delete(t.output, test)
	switch {
	case test.Name == "" && (action != "fail" || t.explained(test.Package)):
		// A package without tests, one that passed, or one whose failed tests say it all.
	case action == "fail":
		t.Failed++
		t.failures = append(t.failures, problem)
	case action == "skip":
		t.Skipped++
		t.skips = append(t.skips, problem)
	default:
		t.Passed++
	}
}

// explained reports whether a test in the package has failed.
func (t *Tally) explained(name string) bool {
	return slices.ContainsFunc(t.failures, func(failure Problem) bool {
		return failure.Package == name && failure.Name != ""
	})
}

// SkipMessage returns the message of a skipped test from its output, or "" if there is
// none.
func SkipMessage(output string) string {
	log := regexp.MustCompile(`^\s+\S+\.go:\d+: (.*)$`)
	message := ""
	for line := range strings.SplitSeq(output, "\n") {
		if found := log.FindStringSubmatch(line); found != nil {
			message = found[1]
		}
	}
	return message
}
