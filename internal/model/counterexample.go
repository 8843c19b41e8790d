package model

import (
	"fmt"
	"slices"
	"strings"
)

// Counterexample is a shortest path to something that must never happen.
type Counterexample struct {
	Wrong string // what it violates
	Verb  string // run, create or exec
	Moves []Move
	// Stands says what state everything is in at the end.
	Stands string
}

// Move is one move of a counterexample.
type Move struct {
	Side    string
	Text    string // what happens
	Rows    string // which rows are taken, and the event that has none
	Kind    string // the frame; "" for none
	Sent    bool   // Side has sent it
	Damaged bool   // it is not what was sent
	Fault   bool   // something went wrong
}

func (e *Counterexample) String() string {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n# %s\n", e.Wrong, e.Verb)
	for _, move := range e.Moves {
		fmt.Fprintf(&text, "%-7s%s\n", move.Side, strings.TrimSpace(move.Text+" "+move.Kind)+move.Rows)
	}
	fmt.Fprintf(&text, "# %s\n", e.Stands)
	return text.String()
}

// counterexample returns the path to a world, followed by the move that is wrong.
func (g *graph) counterexample(wrong string, at int32, last *move) *Counterexample {
	var way []int32
	for number := at; number >= 0; number = g.came[number] {
		way = append(way, number)
	}
	slices.Reverse(way)
	e := &Counterexample{Wrong: wrong, Verb: g.verb(&g.worlds[way[0]])}
	for i := 1; i < len(way); i++ {
		before, after := &g.worlds[way[i-1]], g.worlds[way[i]]
		var found *move
		g.successors(before, func(s *step) {
			if found == nil && s.world == after {
				found = &s.move
			}
		})
		e.add(g.compiled, found)
	}
	if last != nil {
		e.add(g.compiled, last)
		if last.event != "" {
			e.Moves[len(e.Moves)-1].Rows += fmt.Sprintf("; no row for %s", last.event)
		}
	}
	e.Stands = g.stands(&g.worlds[at])
	return e
}

func (e *Counterexample) add(c *compiled, m *move) {
	made := Move{
		Side: m.side.String(), Text: m.text, Rows: c.rows(m), Sent: m.sent, Damaged: m.text == damaging || m.text == damagedBefore,
		Fault: m.class == fault || m.class == deadline,
	}
	if m.kind != 0 {
		made.Kind = m.kind.String()
	}
	e.Moves = append(e.Moves, made)
}

const (
	verbRun            = "run"
	inNewUserNamespace = ", in a new user namespace"
)

func (g *graph) verb(w *world) string {
	verb := verbRun
	switch {
	case w.facts.has(joins):
		verb = "exec"
	case w.facts.has(leaves):
		verb = "create"
	}
	if w.facts.has(mapped) {
		verb += inNewUserNamespace
	}
	return verb
}

var phaseNames = [...]string{"is not there", "sends in", "performs in", "waits in", "is about to end in", "has ended in", "is dead in"}

func (g *graph) stands(w *world) string {
	var text []string
	for _, side := range []who{parentSide, childSide} {
		stands := w.sides[side]
		line := fmt.Sprintf("%s %s %s", side, phaseNames[stands.phase], g.tables[side].states[stands.state])
		if w.hung(side) {
			line += " and hangs"
		}
		text = append(text, line)
	}
	return strings.Join(text, "; ") + "; held: " + w.held.String()
}
