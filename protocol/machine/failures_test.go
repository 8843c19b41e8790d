package machine_test

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// everything is a handshake that goes through every state except those of a detached
// container.
var everything = scenario{
	parent: scripts{parent.Agree: {parent.Mapped}},
	child: scripts{
		child.Greet:   {child.Mapped},
		child.Prepare: {child.Open, child.Console, child.Hooks, child.Prepared},
	},
}

// later is a handshake that leaves its child to a later caller; the first of those dies.
var later = scenario{
	parent:  scripts{parent.Release: {parent.Leave}},
	callers: []scripts{nil, {}},
}

// failures are everything and later with one failure each: in every waiting state, every
// way in which receiving can fail; in every other state, a failure of its effect.
func failures() []scenario {
	var all []scenario
	for _, side := range []struct {
		name  string
		table *machine.Table
	}{{"parent", parent.Table}, {"child", child.Table}} {
		for _, wait := range side.table.Waits {
			for _, what := range []injection{injectFault, injectEOF, injectTimeout, injectMalformed, injectTruncated, injectFailed} {
				failing := everything
				if wait.State == child.Attached {
					failing = later
				}
				failing.name = fmt.Sprintf("%s in %s: %s", side.name, wait.State, what)
				failing.injected = map[string]map[machine.State]injection{side.name: {wait.State: what}}
				all = append(all, failing)
			}
		}
		for _, outcomes := range side.table.Effects {
			failing := everything
			failing.name = fmt.Sprintf("%s: %s fails", side.name, outcomes.Effect)
			failed := scripts{outcomes.Effect: {errors.New("injected")}}
			switch {
			case outcomes.Effect == child.Accept:
				failing = scenario{name: failing.name, parent: later.parent, child: failed}
			case outcomes.Effect == parent.TearDown:
				failed[parent.Commit] = []any{errors.New("injected")}
				fallthrough
			case side.name == "parent":
				failing.parent = with(failing.parent, failed)
			default:
				failing.child = with(failing.child, failed)
			}
			all = append(all, failing)
		}
	}
	return all
}

func with(ordinary, failed scripts) scripts {
	both := scripts{}
	for _, some := range []scripts{ordinary, failed} {
		for effect, script := range some {
			both[effect] = script
		}
	}
	return both
}

// unsent are handshakes in which one frame cannot be sent.
func unsent() []scenario {
	var all []scenario
	for _, one := range []struct {
		side string
		kind protocol.Kind
	}{
		{"parent", protocol.KindHello}, {"parent", protocol.KindMapDone}, {"parent", protocol.KindPlan}, {"parent", protocol.KindOpenDone},
		{"parent", protocol.KindHooksDone}, {"parent", protocol.KindCommitted}, {"parent", protocol.KindStart}, {"parent", protocol.KindDetach},
		{"child", protocol.KindWelcome}, {"child", protocol.KindMapRequest}, {"child", protocol.KindOpenRequest}, {"child", protocol.KindConsole},
		{"child", protocol.KindHooksRequest}, {"child", protocol.KindReady},
	} {
		failing := everything
		if one.kind == protocol.KindDetach {
			failing.parent = with(failing.parent, later.parent)
		}
		failing.name = fmt.Sprintf("%s cannot send %s", one.side, one.kind)
		failing.unsent = map[string]protocol.Kind{one.side: one.kind}
		all = append(all, failing)
	}
	return all
}

// TestFailures records, for each failure, which rows were taken and how both sides ended.
// Nothing may be left running: whoever fails, both end, and the parent has torn down.
//
// SPEC: M-TRUST-2, M-DET-4, M-DL-1
func TestFailures(t *testing.T) {
	var told strings.Builder
	told.WriteString("# Every failure, the rows that fired on either side, and how it ended.\n")
	for _, scenario := range slices.Concat(failures(), unsent()) {
		sides := play(t, scenario)
		fmt.Fprintf(&told, "\n%s\n", scenario.name)
		for _, side := range sides {
			fmt.Fprintf(&told, "  %-8s %s = %s\n", side.name, strings.Join(side.rows, " "), strings.TrimPrefix(side.happened[len(side.happened)-1].text, "ends "))
			if side.state == parent.Dead && side.role == "parent" && !slices.ContainsFunc(side.rows, isTeardown) {
				t.Errorf("%s: the %s fails without a teardown: %s", scenario.name, side.name, side.rows)
			}
			if failed := side.state == parent.Dead; failed != (side.err != nil) {
				t.Errorf("%s: the %s ends in %s with error %v", scenario.name, side.name, side.state, side.err)
			}
			var want []int
			for _, what := range scenario.injected[side.name] {
				if what == injectMalformed {
					want = []int{strayDescriptor}
				}
			}
			if !slices.Equal(side.discarded, want) {
				t.Errorf("%s: the %s discards %v, want %v", scenario.name, side.name, side.discarded, want)
			}
			if len(side.injected) > 0 {
				t.Errorf("%s: never came to pass", scenario.name)
			}
		}
	}
	golden(t, filepath.Join("testdata", "failures.txt"), told.String())
}

func isTeardown(row string) bool { return row == "P22" || row == "P23" }

// TestEveryRowFires: every row is taken in some story or failure.
func TestEveryRowFires(t *testing.T) {
	fired := map[string]bool{}
	for _, scenario := range slices.Concat(stories, failures(), unsent()) {
		for _, side := range play(t, scenario) {
			for _, row := range side.rows {
				fired[row] = true
			}
		}
	}
	for _, table := range []*machine.Table{parent.Table, child.Table} {
		for _, row := range table.Rows {
			if !fired[row.ID] {
				t.Errorf("%s: row %s (%s, %s) never fires", table.Name, row.ID, row.From, row.Event)
			}
		}
	}
}
