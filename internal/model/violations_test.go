package model

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/protocol/machine"
)

// violations names, for each property, a bug or slip that violates it.
var violations = map[string]string{
	unlimitedProgram:  "limits are not committed: Ready is answered at once",
	unstartedProgram:  "the child starts the program on Committed",
	unstartedAct:      "a created container starts when somebody connects",
	uncommittedFilter: "the child starts the program once it is ready",
	earlyCommitted:    "Committed is sent before the commit",
	earlyStart:        "Start is sent on Ready, before the commit",
	earlyDetach:       "Detach is sent on Ready, before the commit",
	greedyCommit:      "limits are committed once the hooks have run, while the child is still at work",
	unknownFrame:      "Committed and Start are sent in the wrong order",
	unknownEvent:      "parent P32.preparing is removed",
	wrongDirection:    "the child greets with the parent's frame",
	secondFault:       "a Fault is sent and the handshake goes on",
	answeredFault:     "a Fault is answered by a Fault",
	falseSuccess:      "EOF after Start is success without a look",
	noTeardown:        "a failed hook ends the parent at once",
	leak:              "a start that failed is tried again in the same handshake",
	survivor:          "a start that failed is tried again in the same handshake",
	needlessFailure:   "parent P18 does not send Detach",
	lostContainer:     "a caller that dies ends the container",
	abandoned:         "parent P18 does not send Detach",
	silentFailure:     "parent P33.preparing does not send Fault",
	unreadFrame:       "parent P17 sends Start twice",
	deadlock:          "the parent waits for Welcome without a deadline",
	needlessWait:      "parent P17 does not send Start",
	endless:           "the parent waits for Welcome without a deadline",
	held:              "child C31.committed does not move",
	success:           "parent P17 does not send Start",
}

// TestEachPropertyCanBeViolated: a property that no bug violates would prove nothing. Each
// is checked alone, because others may be violated first.
func TestEachPropertyCanBeViolated(t *testing.T) {
	known := map[string]Bug{}
	for _, bug := range slices.Concat(Bugs, Slips(Runtime(0))) {
		known[bug.Name] = bug
	}
	if diff := cmp.Diff(properties(t), slices.Sorted(maps.Keys(violations))); diff != "" {
		t.Errorf("properties (-written +violated):\n%s", diff)
	}
	for property, name := range violations {
		bug, is := known[name]
		if !is {
			t.Errorf("%s: there is no bug %q", property, name)
			continue
		}
		system := bug.With(Runtime(1))
		system.Brief, system.Only = true, property
		result, err := Explore(system)
		switch {
		case err != nil:
			t.Errorf("%s: %v", name, err)
		case result.Counterexample == nil:
			t.Errorf("%s: is not violated by: %s", property, name)
		case result.Counterexample.Wrong != property:
			t.Errorf("%s: is judged alone, and found is: %s", property, result.Counterexample.Wrong)
		}
	}
}

// properties are the constants in properties.go.
func properties(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "properties.go", nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	var written []string
	ast.Inspect(file, func(node ast.Node) bool {
		constant, is := node.(*ast.ValueSpec)
		if !is {
			return true
		}
		for _, value := range constant.Values {
			if literal, is := value.(*ast.BasicLit); is && literal.Kind == token.STRING {
				text, err := strconv.Unquote(literal.Value)
				if err != nil {
					t.Fatal(err)
				}
				written = append(written, text)
			}
		}
		return true
	})
	slices.Sort(written)
	return written
}

// TestBugsAreDistinct: each hand-written bug differs from the others and from every slip,
// which are made anyway.
func TestBugsAreDistinct(t *testing.T) {
	const least = 20
	if len(Bugs) < least {
		t.Errorf("%d bugs are written by hand; there are to be %d", len(Bugs), least)
	}
	tables := func(bug Bug) string {
		system := bug.With(Runtime(0))
		return fmt.Sprint(system.Parent.Rows, system.Parent.Waits, system.Child.Rows, system.Child.Waits)
	}
	seen := map[string]string{tables(Bug{change: func(_, _ *machine.Table) {}}): "nothing"}
	for _, bug := range slices.Concat(Slips(Runtime(0)), Bugs) {
		key := tables(bug)
		if same, twice := seen[key]; twice && slices.ContainsFunc(Bugs, func(b Bug) bool { return b.Name == bug.Name }) {
			t.Errorf("%q changes what %q changes", bug.Name, same)
		}
		seen[key] = bug.Name
	}
}
