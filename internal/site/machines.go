package main

import (
	"slices"
	"strings"

	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/recording"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

var tables = recording.Tables{Parent: parent.Table, Child: child.Table}

// drawnMachine is a table as drawn by the stepper.
type drawnMachine struct {
	Name   string       `json:"name"`
	States []drawnState `json:"states"`
	Rows   []drawnRow   `json:"rows"`
}

type drawnState struct {
	Name string `json:"name"`
	// Waits is what the state waits for, Does what its effect does.
	Waits    string `json:"waits,omitempty"`
	Does     string `json:"does,omitempty"`
	Terminal bool   `json:"terminal,omitempty"`
}

type drawnRow struct {
	ID    string   `json:"id"`
	From  string   `json:"from"`
	Event string   `json:"event"`
	To    string   `json:"to"`
	Sends []string `json:"sends,omitempty"`
	// Effect is the row's effect, with its meaning.
	Effect  string `json:"effect,omitempty"`
	Meaning string `json:"meaning,omitempty"`
	// Course says that it is not a failure.
	Course bool `json:"course,omitempty"`
}

func drawMachine(table *machine.Table) drawnMachine {
	drawn := drawnMachine{Name: table.Name}
	for _, state := range table.States() {
		one := drawnState{Name: string(state), Terminal: table.IsTerminal(state)}
		if wait := table.Waiting(state); wait != nil {
			one.Waits = wait.For
		}
		for _, row := range table.Rows {
			if row.To == state && row.Effect != "" {
				one.Does = meaning(table, row.Effect)
			}
		}
		drawn.States = append(drawn.States, one)
	}
	for i := range table.Rows {
		drawn.Rows = append(drawn.Rows, drawRow(table, &table.Rows[i]))
	}
	return drawn
}

func drawRow(table *machine.Table, row *machine.Row) drawnRow {
	drawn := drawnRow{
		ID: row.ID, From: string(row.From), Event: string(row.Event), To: string(row.To),
		Effect: string(row.Effect), Meaning: meaning(table, row.Effect),
		// A failure's ID has a suffix for its state or event: P30.preparing.
		Course: !strings.Contains(row.ID, "."),
	}
	for _, kind := range row.Send {
		drawn.Sends = append(drawn.Sends, kind.String())
	}
	return drawn
}

func meaning(table *machine.Table, effect machine.Effect) string {
	at := slices.IndexFunc(table.Effects, func(known machine.Outcomes) bool { return known.Effect == effect })
	if at < 0 {
		return ""
	}
	return table.Effects[at].Meaning
}

// kindMeanings describes each kind of frame.
func kindMeanings() map[string]string {
	meanings := map[string]string{}
	for _, kind := range protocol.DescribeKinds() {
		meanings[kind.Kind.String()] = kind.Meaning
	}
	return meanings
}
