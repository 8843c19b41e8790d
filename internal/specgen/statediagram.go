package main

import (
	"fmt"
	"strings"

	"github.com/fsrun/fsrun/protocol/machine"
)

// stateDiagram draws the course as a Mermaid state diagram, and summarizes the failures in
// a note at each state that they lead to.
func stateDiagram(table *machine.Table) string {
	var text strings.Builder
	text.WriteString("stateDiagram-v2\n")
	fmt.Fprintf(&text, "    [*] --> %s\n", table.Initial)
	for _, row := range table.Rows {
		if onCourse(row) {
			fmt.Fprintf(&text, "    %s --> %s : %s\n", row.From, row.To, label(row))
		}
	}
	for _, terminal := range table.Terminal {
		if terminal != table.Resumed {
			fmt.Fprintf(&text, "    %s --> [*]\n", terminal)
		}
	}
	var noted []machine.State
	for _, group := range failures(table) {
		noted = withOnce(noted, group.to)
	}
	for _, state := range noted {
		note(&text, table, state)
	}
	return fenced("mermaid", text.String())
}

func label(row machine.Row) string {
	text := row.ID + " " + string(row.Event)
	if len(row.Send) > 0 {
		text += " / send " + sends(row.Send)
	}
	return text
}

func note(text *strings.Builder, table *machine.Table, state machine.State) {
	fmt.Fprintf(text, "    note right of %s\n", state)
	for _, group := range failures(table) {
		if group.to != state {
			continue
		}
		line := fmt.Sprintf("%s.* %s", group.id, listed(group.events, eventName))
		if len(group.send) > 0 {
			line += " / send " + sends(group.send)
		}
		fmt.Fprintf(text, "        %s, in %s\n", line, count(len(group.from), "state"))
	}
	text.WriteString("    end note\n")
}

func eventName(event machine.Event) string { return string(event) }

func count(number int, what string) string {
	if number == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", number, what)
}
