package main

import (
	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
)

// sections are SPEC.md's generated parts, in the document's order.
var sections = []section{
	{"limits", just(limitTable)},
	{"handshake", handshakeDiagram},
	{"detached-start", detachedDiagram},
	{"kinds", just(kindTable)},
	{"legal", just(legalTable)},
	{"frame-fields", just(frameFields)},
	{"operations", just(opTable)},
	{"operation-fields", just(opFields)},
	{"parent-diagram", just(func() string { return stateDiagram(parent.Table) })},
	{"parent-states", just(func() string { return stateTable(parent.Table) })},
	{"parent-rows", just(func() string { return rowTable(parent.Table) })},
	{"parent-effects", just(func() string { return effectTable(parent.Table) })},
	{"child-diagram", just(func() string { return stateDiagram(child.Table) })},
	{"child-states", just(func() string { return stateTable(child.Table) })},
	{"child-rows", just(func() string { return rowTable(child.Table) })},
	{"child-effects", just(func() string { return effectTable(child.Table) })},
	{"deadlines", just(deadlineTable)},
	{"codes", just(codeTable)},
	{"handshake-hex", handshakeHex},
}

// just adapts a renderer that cannot fail.
func just(render func() string) func() (string, error) {
	return func() (string, error) { return render(), nil }
}
