package machine_test

import (
	"slices"
	"testing"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// eachSide runs a test on both tables. Sends is the direction of the frames that the side
// sends; it receives those of the other direction.
func eachSide(t *testing.T, test func(t *testing.T, table *machine.Table, sends, receives protocol.Direction)) {
	t.Run("parent", func(t *testing.T) { test(t, parent.Table, protocol.ParentToChild, protocol.ChildToParent) })
	t.Run("child", func(t *testing.T) { test(t, child.Table, protocol.ChildToParent, protocol.ParentToChild) })
}

func TestTableIsWhole(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, _, _ protocol.Direction) {
		if err := table.Check(); err != nil {
			t.Fatal(err)
		}
	})
}

// TestDirections: every row sends and receives only what its side may.
//
// SPEC: M-ENC-10
func TestDirections(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, sends, receives protocol.Direction) {
		for _, row := range table.Rows {
			for _, kind := range row.Send {
				if kind.Direction()&sends == 0 {
					t.Errorf("row %s sends %s, which goes %s", row.ID, kind, kind.Direction())
				}
			}
			for _, kind := range protocol.Kinds() {
				if row.Event == machine.Received(kind) && kind.Direction()&receives == 0 {
					t.Errorf("row %s receives %s, which goes %s", row.ID, kind, kind.Direction())
				}
			}
		}
	})
}

// TestEveryKindIsHandled finds a kind that a side never sends or receives, but should.
func TestEveryKindIsHandled(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, sends, receives protocol.Direction) {
		for _, kind := range protocol.Kinds() {
			sent := slices.ContainsFunc(table.Rows, func(row machine.Row) bool { return slices.Contains(row.Send, kind) })
			// A Part is in no row of the parent: it goes with the Plan.
			if kind.Direction()&sends != 0 && !sent && kind != protocol.KindPart {
				t.Errorf("nothing sends %s", kind)
			}
			received := slices.ContainsFunc(table.Rows, func(row machine.Row) bool { return row.Event == machine.Received(kind) })
			if kind.Direction()&receives != 0 && !received {
				t.Errorf("nothing receives %s", kind)
			}
		}
	})
}

// TestWaitsAreDeclared: the states that receive are exactly the declared waits, each of
// which accepts a Fault and has a deadline.
func TestWaitsAreDeclared(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, _, _ protocol.Direction) {
		for _, state := range table.States() {
			wait := table.Waiting(state)
			accepts := table.Accepts(state)
			if (wait != nil) != (accepts != 0) {
				t.Errorf("%s accepts %s, yet its wait is %v", state, accepts, wait)
			}
			if wait == nil {
				continue
			}
			if !accepts.Has(protocol.KindFault) {
				t.Errorf("%s does not accept a Fault", state)
			}
			if wait.Deadline <= 0 || wait.For == "" {
				t.Errorf("%s waits without a deadline, or for nothing: %v", state, *wait)
			}
		}
	})
}

// TestTerminalStatesAreReached: from every state, the machine can end.
func TestTerminalStatesAreReached(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, _, _ protocol.Direction) {
		ends := map[machine.State]bool{}
		for _, state := range table.Terminal {
			ends[state] = true
		}
		for changed := true; changed; {
			changed = false
			for _, row := range table.Rows {
				if ends[row.To] && !ends[row.From] {
					ends[row.From], changed = true, true
				}
			}
		}
		for _, state := range table.States() {
			if !ends[state] {
				t.Errorf("no way leads from %s to an end", state)
			}
		}
	})
}

// TestFaultsHaveAReason: a Fault is sent only after a failure.
func TestFaultsHaveAReason(t *testing.T) {
	eachSide(t, func(t *testing.T, table *machine.Table, _, _ protocol.Direction) {
		failures := []machine.Event{machine.Failed, machine.Timeout, machine.Malformed}
		for _, row := range table.Rows {
			if slices.Contains(row.Send, protocol.KindFault) && !slices.Contains(failures, row.Event) {
				t.Errorf("row %s sends a Fault on %s", row.ID, row.Event)
			}
		}
	})
}
