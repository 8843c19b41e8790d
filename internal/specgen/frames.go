package main

import (
	"fmt"
	"strconv"
	"strings"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

func limitTable() string {
	t := newTable("Limit", "Value", "Unit", "Of")
	for _, limit := range protocol.DescribeLimits() {
		t.row(code(limit.Name), strconv.Itoa(limit.Value), limit.Unit, limit.Meaning)
	}
	return t.String()
}

func kindTable() string {
	t := newTable("Kind", "Name", "Direction", "Descriptors", "Meaning")
	for _, kind := range protocol.DescribeKinds() {
		t.row(number(kind.Kind), kind.Kind.String(), kind.Direction.String(), kind.Descriptors, kind.Meaning)
	}
	return t.String()
}

func legalTable() string {
	t := newTable("Kind", "Accepted by the parent in", "Accepted by the child in")
	for _, kind := range protocol.Kinds() {
		t.row(kind.String(), accepting(parent.Table, kind), accepting(child.Table, kind))
	}
	return t.String()
}

func accepting(table *machine.Table, kind protocol.Kind) string {
	var states []machine.State
	for _, state := range table.States() {
		if table.Accepts(state).Has(kind) {
			states = append(states, state)
		}
	}
	return listed(states, code[machine.State])
}

func frameFields() string {
	var text strings.Builder
	for _, kind := range protocol.DescribeKinds() {
		heading(&text, fmt.Sprintf("%d %s", kind.Kind, kind.Kind), kind.Fields)
	}
	return text.String()
}

func opTable() string {
	t := newTable("Kind", "Name", "Roles", "Meaning")
	for _, op := range protocol.DescribeOps() {
		t.row(number(op.Kind), code(op.Kind.String()), op.Roles, op.Meaning)
	}
	return t.String()
}

func opFields() string {
	var text strings.Builder
	for _, op := range protocol.DescribeOps() {
		heading(&text, fmt.Sprintf("%d `%s`", op.Kind, op.Kind), op.Fields)
	}
	return text.String()
}

func heading(text *strings.Builder, title string, fields []protocol.FieldDescription) {
	fmt.Fprintf(text, "#### %s\n\n", title)
	if len(fields) == 0 {
		text.WriteString("No fields: the map is empty.\n\n")
		return
	}
	t := newTable("Field", "Type", "Meaning")
	for _, field := range fields {
		t.row(code(field.Name), field.Type, field.Meaning)
	}
	text.WriteString(t.String() + "\n")
}

func codeTable() string {
	t := newTable("Code", "Name", "Meaning")
	for _, fault := range protocol.Codes() {
		t.row(number(fault), code(fault.String()), fault.Meaning())
	}
	return t.String()
}

func number[T ~uint8 | ~uint16](value T) string { return strconv.Itoa(int(value)) }
