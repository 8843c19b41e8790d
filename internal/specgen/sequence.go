package main

import (
	"fmt"
	"strings"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// handshakeDiagram draws a run in which every exchange happens once.
func handshakeDiagram() (string, error) {
	ours, err := newParent(choices{
		parent.Agree: {parent.Mapped}, parent.Release: {parent.Go},
	})
	if err != nil {
		return "", err
	}
	theirs, err := newChild(choices{
		child.Greet:   {child.Mapped},
		child.Prepare: {child.Open, child.Console, child.Hooks, child.Prepared},
	})
	if err != nil {
		return "", err
	}
	rows, err := walk(ours, theirs)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("sequenceDiagram\n    participant parent\n    participant child\n")
	draw(&text, rows, "parent")
	return fenced("mermaid", text.String()), nil
}

// detachedDiagram draws how one process creates a container and another starts it, from
// Ready on.
func detachedDiagram() (string, error) {
	creator, err := newParent(choices{
		parent.Agree: {parent.Plain}, parent.Release: {parent.Leave},
	})
	if err != nil {
		return "", err
	}
	theirs, err := newChild(choices{
		child.Greet: {child.Plain}, child.Prepare: {child.Prepared},
	})
	if err != nil {
		return "", err
	}
	created, err := walk(creator, theirs)
	if err != nil {
		return "", err
	}
	starter, err := newSide(parent.Table, parent.Detached, parent.Attach, choices{})
	if err != nil {
		return "", err
	}
	started, err := walk(starter, theirs)
	if err != nil {
		return "", err
	}
	var text strings.Builder
	text.WriteString("sequenceDiagram\n    participant creator\n    participant child\n    participant starter\n")
	draw(&text, fromReady(created), "creator")
	draw(&text, started, "starter")
	return fenced("mermaid", text.String()), nil
}

// fromReady leaves out what happens before the child sends Ready.
func fromReady(rows []moved) []moved {
	for i, one := range rows {
		for _, kind := range one.row.Send {
			if kind == protocol.KindReady {
				return rows[i:]
			}
		}
	}
	return nil
}

// draw writes the frames that the rows send and the effects that they perform. Name is what
// the diagram calls the parent.
func draw(text *strings.Builder, rows []moved, name string) {
	for _, one := range rows {
		from, to := name, "child"
		if one.table == child.Table {
			from, to = to, from
		}
		for _, kind := range one.row.Send {
			fmt.Fprintf(text, "    %s->>%s: %s\n", from, to, carried(kind))
		}
		if one.row.Event == machine.EOF {
			fmt.Fprintf(text, "    %s--x%s: end of file\n", to, from)
		}
		if one.row.Effect != "" {
			fmt.Fprintf(text, "    Note over %s: %s\n", from, one.row.Effect)
		}
	}
}

// carried names a kind and what travels with it.
func carried(kind protocol.Kind) string {
	for _, description := range protocol.DescribeKinds() {
		if description.Kind == kind && description.Descriptors != "none" {
			return kind.String() + " + descriptor"
		}
	}
	return kind.String()
}
