package main

import (
	"slices"
	"strings"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// stateTable says what happens in each state, and what may be received.
func stateTable(table *machine.Table) string {
	t := newTable("State", "In it", "Accepts")
	for _, state := range table.States() {
		accepts := ""
		if set := table.Accepts(state); set != 0 {
			accepts = set.String()
		}
		t.row(code(state), doing(table, state), accepts)
	}
	return t.String()
}

func doing(table *machine.Table, state machine.State) string {
	if wait := table.Waiting(state); wait != nil {
		return "waits for " + wait.For
	}
	for _, row := range table.Rows {
		if row.To == state && row.Effect != "" {
			return "performs " + code(row.Effect)
		}
	}
	switch {
	case state == table.Resumed:
		return "ends; another process goes on from here"
	case table.IsTerminal(state):
		return "ends"
	}
	return "begins"
}

// rowTable lists the course row by row, then the failures, with similar ones on one line.
func rowTable(table *machine.Table) string {
	t := newTable("Row", "From", "Event", "To", "Sends", "Effect")
	for _, row := range table.Rows {
		if onCourse(row) {
			t.row(row.ID, code(row.From), code(row.Event), code(row.To), sends(row.Send), code(row.Effect))
		}
	}
	for _, group := range failures(table) {
		t.row(group.id+".*", listed(group.from, code[machine.State]), listed(group.events, code[machine.Event]),
			code(group.to), sends(group.send), code(group.effect))
	}
	return t.String()
}

func sends(kinds []protocol.Kind) string { return listed(kinds, protocol.Kind.String) }

// onCourse distinguishes a row of the course from a failure, whose ID has a suffix for its
// state or event: P30.preparing.
func onCourse(row machine.Row) bool { return !strings.Contains(row.ID, ".") }

// alike is a group of failures that differ only in state and event, with a row for each
// pair of them.
type alike struct {
	id     string
	from   []machine.State
	events []machine.Event
	to     machine.State
	send   []protocol.Kind
	effect machine.Effect
}

func failures(table *machine.Table) []*alike {
	var groups []*alike
	for _, row := range table.Rows {
		if onCourse(row) {
			continue
		}
		id, _, _ := strings.Cut(row.ID, ".")
		group := groupOf(groups, id, row)
		if group == nil {
			group = &alike{id: id, to: row.To, send: row.Send, effect: row.Effect}
			groups = append(groups, group)
		}
		group.from = withOnce(group.from, row.From)
		group.events = withOnce(group.events, row.Event)
	}
	slices.SortStableFunc(groups, func(a, b *alike) int { return strings.Compare(a.id, b.id) })
	return groups
}

// groupOf returns the group of the row's ID in which the row differs in either state or
// event, but not both.
func groupOf(groups []*alike, id string, row machine.Row) *alike {
	for _, group := range groups {
		sameStates := len(group.from) == 1 && group.from[0] == row.From
		sameEvents := len(group.events) == 1 && group.events[0] == row.Event
		if group.id == id && group.to == row.To && group.effect == row.Effect && slices.Equal(group.send, row.Send) &&
			(sameStates || sameEvents) {
			return group
		}
	}
	return nil
}

func withOnce[T comparable](all []T, one T) []T {
	if slices.Contains(all, one) {
		return all
	}
	return append(all, one)
}

func effectTable(table *machine.Table) string {
	t := newTable("Effect", "What it does", "Outcomes")
	for _, effect := range table.Effects {
		outcomes := append(slices.Clone(effect.Events), machine.Failed)
		t.row(code(effect.Effect), effect.Meaning, listed(outcomes, code[machine.Event]))
	}
	return t.String()
}

func deadlineTable() string {
	t := newTable("Side", "Waiting state", "Waits for", "Default")
	for _, table := range []*machine.Table{parent.Table, child.Table} {
		for _, wait := range table.Waits {
			t.row(table.Name, code(wait.State), wait.For, readable(wait.Deadline))
		}
	}
	return t.String()
}

func readable(deadline time.Duration) string {
	if deadline == 0 {
		return "forever"
	}
	text := deadline.String()
	for _, zero := range []string{"m0s", "h0m"} {
		if strings.HasSuffix(text, zero) {
			text = text[:len(text)-2]
		}
	}
	return strings.TrimSpace(strings.NewReplacer("h", " h ", "m", " min ", "s", " s").Replace(text))
}
