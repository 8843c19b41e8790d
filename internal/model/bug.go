package model

import (
	"fmt"
	"slices"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Bug is a mistake that could be made in the tables.
type Bug struct {
	Name string
	// change makes the mistake in copies of the tables. It panics if its row no longer
	// exists: then the bug must be rewritten.
	change func(parent, child *machine.Table)
}

// With returns the system with the bug in it.
func (b Bug) With(system System) System {
	system.Parent, system.Child = copied(system.Parent), copied(system.Child)
	b.change(system.Parent, system.Child)
	return system
}

func copied(table *machine.Table) *machine.Table {
	c := *table
	c.Rows, c.Waits = slices.Clone(table.Rows), slices.Clone(table.Waits)
	for i := range c.Rows {
		c.Rows[i].Send = slices.Clone(c.Rows[i].Send)
	}
	return &c
}

// row finds a row by its ID.
func row(table *machine.Table, id string) *machine.Row {
	for i := range table.Rows {
		if table.Rows[i].ID == id {
			return &table.Rows[i]
		}
	}
	panic(fmt.Sprintf("model: the %s's table has no row %s", table.Name, id))
}

func remove(table *machine.Table, id string) {
	row(table, id)
	table.Rows = slices.DeleteFunc(table.Rows, func(row machine.Row) bool { return row.ID == id })
}

func wait(table *machine.Table, state machine.State) *machine.Wait {
	found := table.Waiting(state)
	if found == nil {
		panic(fmt.Sprintf("model: the %s does not wait in %s", table.Name, state))
	}
	return found
}

// Slips are the mistakes that can be made in any row: it is removed, does not send one of
// its frames, does not perform its effect, or does not leave its state.
func Slips(system System) []Bug {
	var bugs []Bug
	for _, side := range []who{parentSide, childSide} {
		of := func(parent, child *machine.Table) *machine.Table {
			return [...]*machine.Table{parent, child}[side]
		}
		for _, original := range of(system.Parent, system.Child).Rows {
			add := func(what string, change func(*machine.Table, *machine.Row)) {
				bugs = append(bugs, Bug{fmt.Sprintf("%s %s %s", side, original.ID, what), func(parent, child *machine.Table) {
					table := of(parent, child)
					change(table, row(table, original.ID))
				}})
			}
			add("is removed", func(table *machine.Table, row *machine.Row) { remove(table, row.ID) })
			for i, kind := range original.Send {
				add(fmt.Sprintf("does not send %s", kind), func(_ *machine.Table, row *machine.Row) {
					row.Send = slices.Delete(row.Send, i, i+1)
				})
				add(fmt.Sprintf("sends %s twice", kind), func(_ *machine.Table, row *machine.Row) {
					row.Send = slices.Insert(row.Send, i, kind)
				})
			}
			if original.Effect != "" {
				add("does not "+string(original.Effect), func(_ *machine.Table, row *machine.Row) { row.Effect = "" })
			}
			if original.To != original.From {
				add("does not move", func(_ *machine.Table, row *machine.Row) { row.To = row.From })
			}
		}
	}
	return bugs
}

// moveFrame moves a frame from one row to another, where it is sent first.
func moveFrame(table *machine.Table, kind protocol.Kind, from, to string) {
	source, target := row(table, from), row(table, to)
	at := slices.Index(source.Send, kind)
	if at < 0 {
		panic(fmt.Sprintf("model: row %s does not send %s", from, kind))
	}
	source.Send = slices.Delete(source.Send, at, at+1)
	target.Send = append([]protocol.Kind{kind}, target.Send...)
}
