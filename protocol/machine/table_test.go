package machine

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
)

// toy is a small complete table: it waits for Ready, then works, perhaps again, and is
// done.
func toy() *Table {
	return &Table{
		Name: "toy", Initial: "idle", Terminal: []State{"done", "failed"}, Resumed: "done",
		Rows: []Row{
			{ID: "T1", From: "idle", Event: Begin, To: "waiting"},
			{ID: "T2", From: "waiting", Event: Received(protocol.KindReady), To: "working", Effect: "work"},
			{ID: "T3", From: "working", Event: "again", To: "working", Effect: "work"},
			{ID: "T4", From: "working", Event: Done, To: "done", Send: []protocol.Kind{protocol.KindStart}},
			{ID: "T5", From: "working", Event: Failed, To: "failed"},
			{ID: "T6", From: "waiting", Event: Failed, To: "failed"},
			{ID: "T7", From: "waiting", Event: EOF, To: "failed"},
			{ID: "T8", From: "waiting", Event: Timeout, To: "failed", Send: []protocol.Kind{protocol.KindFault}},
			{ID: "T9", From: "waiting", Event: Malformed, To: "failed"},
			{ID: "T10", From: "done", Event: Failed, To: "failed"},
			{ID: "T11", From: "waiting", Event: Received(protocol.KindFault), To: "waiting"},
		},
		Waits:   []Wait{{State: "waiting", For: "Ready"}},
		Effects: []Outcomes{{Effect: "work", Events: []Event{Done, "again"}}},
	}
}

func without(table *Table, id string) {
	for i, row := range table.Rows {
		if row.ID == id {
			table.Rows = append(table.Rows[:i:i], table.Rows[i+1:]...)
			return
		}
	}
}

func TestCheck(t *testing.T) {
	for _, test := range []struct {
		name string
		harm func(*Table)
		want string // "": the table is valid
	}{
		{"whole", func(*Table) {}, ""},
		{"duplicate row", func(table *Table) {
			table.Rows = append(table.Rows, Row{ID: "T20", From: "waiting", Event: EOF, To: "done"})
		}, "rows T7 and T20 are both for eof in state waiting"},
		{"duplicate id", func(table *Table) { table.Rows[1].ID = "T1" }, `the row for Ready in state waiting has no id of its own: "T1"`},
		{"no id", func(table *Table) { table.Rows[1].ID = "" }, `the row for Ready in state waiting has no id of its own: ""`},
		{"out of a terminal state", func(table *Table) {
			table.Rows = append(table.Rows, Row{ID: "T20", From: "failed", Event: Begin, To: "waiting"})
		}, "row T20 leaves the terminal state failed"},
		{"out of the resumed state, without being it", func(table *Table) { table.Resumed = "" }, "row T10 leaves the terminal state done"},
		{"undeclared effect", func(table *Table) { table.Rows[1].Effect = "wrok" }, "row T2 names the undeclared effect wrok"},
		{"no effects", func(table *Table) { table.Effects = nil }, "row T2 names the undeclared effect work"},
		{"outcome without a row", func(table *Table) { without(table, "T3") }, "state working has no row for again, an outcome of effect work of row T2"},
		{"failure of an effect without a row", func(table *Table) { without(table, "T5") }, "state working has no row for failed, an outcome of effect work of row T2"},
		{"no way on", func(table *Table) { table.Waits = nil }, "row T1 enters waiting, which is neither terminal, nor waiting, nor has an effect"},
		{"wait without failed", func(table *Table) { without(table, "T6") }, "waiting state waiting has no row for failed"},
		{"wait without eof", func(table *Table) { without(table, "T7") }, "waiting state waiting has no row for eof"},
		{"wait without timeout", func(table *Table) { without(table, "T8") }, "waiting state waiting has no row for timeout"},
		{"wait without malformed", func(table *Table) { without(table, "T9") }, "waiting state waiting has no row for malformed"},
		{"failure to send without a row", func(table *Table) { without(table, "T10") }, "terminal state done has no row for failed, though row T4 may fail to send"},
		{"a Fault may fail to be sent", func(table *Table) {
			without(table, "T10")
			table.Rows[3].Send = []protocol.Kind{protocol.KindFault}
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := toy()
			test.harm(table)
			err := table.Check()
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if want := "toy table: " + test.want; err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
			if machine, err := New(table, ""); err == nil {
				t.Errorf("New made %v of it", machine)
			}
		})
	}
}

func TestTableViews(t *testing.T) {
	table := toy()
	var states []string
	for _, state := range table.States() {
		states = append(states, string(state))
	}
	if got, want := strings.Join(states, " "), "idle waiting working done failed"; got != want {
		t.Errorf("states %s, want %s", got, want)
	}
	if got, want := table.Accepts("waiting"), protocol.SetOf(protocol.KindReady, protocol.KindFault); got != want {
		t.Errorf("waiting accepts %s, want %s", got, want)
	}
	if got := table.Accepts("working"); got != 0 {
		t.Errorf("working accepts %s", got)
	}
	if wait := table.Waiting("working"); wait != nil {
		t.Errorf("working waits: %v", wait)
	}
}

// SPEC: M-SM-1
func TestStepTakesRows(t *testing.T) {
	machine, err := New(toy(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		event Event
		row   string // "": refused
		state State
	}{
		{Done, "", "idle"},
		{"no such event", "", "idle"},
		{"", "", "idle"},
		{Begin, "T1", "waiting"},
		{Begin, "", "waiting"},
		{Received(protocol.KindFault), "T11", "waiting"}, // a self-loop
		{Received(protocol.KindReady), "T2", "working"},
		{"again", "T3", "working"}, // with an effect
		{"again", "T3", "working"},
		{EOF, "", "working"},
		{Done, "T4", "done"},
		{Done, "", "done"},
		{Failed, "T10", "failed"},
		{Failed, "", "failed"},
	} {
		row, err := machine.Step(step.event)
		switch {
		case step.row == "":
			want := "toy machine: no row for " + string(step.event) + " in state " + string(step.state)
			if err == nil || err.Error() != want {
				t.Errorf("error %v, want %s", err, want)
			}
		case err != nil:
			t.Errorf("%s: %v", step.event, err)
		case row.ID != step.row:
			t.Errorf("%s takes row %s, want %s", step.event, row.ID, step.row)
		}
		if machine.State() != step.state {
			t.Fatalf("after %s the machine stands in %s, want %s", step.event, machine.State(), step.state)
		}
	}
}

func TestNewResumes(t *testing.T) {
	resumed, err := New(toy(), "done")
	if err != nil {
		t.Fatal(err)
	}
	if resumed.State() != "done" {
		t.Errorf("stands in %s", resumed.State())
	}
	want := "toy machine: cannot be resumed in dnoe, which is none of its states"
	if _, err := New(toy(), "dnoe"); err == nil || err.Error() != want {
		t.Errorf("error %v, want %s", err, want)
	}
}

// TestFindAllocatesNothing: the child uses it after Ready.
func TestFindAllocatesNothing(t *testing.T) {
	table := toy()
	count := testing.AllocsPerRun(100, func() {
		if table.Find("waiting", EOF) == nil || table.Find("waiting", Done) != nil || table.Waiting("waiting") == nil || !table.IsTerminal("done") {
			t.Fatal("the table has changed")
		}
	})
	if count != 0 {
		t.Errorf("%v allocations", count)
	}
}
