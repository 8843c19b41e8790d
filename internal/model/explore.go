package model

import (
	"fmt"
	"slices"
	"strings"
)

// MaxStates bounds an exploration. Tables that need more are wrong.
const MaxStates = 4_000_000

// Result is the result of an exploration.
type Result struct {
	System      System
	States      int
	Transitions int
	Depth       int // number of moves on the longest of the shortest paths to a world
	// Fired is how many rows were taken, of Rows.
	Fired, Rows int
	// Idle lists the rows that were never taken, as the side and the row's ID.
	Idle []string
	// Counterexample is a path to something that must never happen, nil if there is none.
	Counterexample *Counterexample
}

func (r *Result) String() string {
	text := fmt.Sprintf("queues of %d: %d states, %d transitions, depth %d, %d of %d rows fired",
		r.System.Capacity, r.States, r.Transitions, r.Depth, r.Fired, r.Rows)
	if r.Idle != nil {
		text += "\nnever fired: " + strings.Join(r.Idle, ", ")
	}
	if r.Counterexample != nil {
		text += "\n" + r.Counterexample.String()
	}
	return text
}

// Good reports whether every property holds and every row was taken.
func (r *Result) Good() bool { return r.Counterexample == nil && r.Idle == nil }

// Explore visits every world that the system can reach, and stops at the first one that
// violates a property. It returns an error if the system cannot be explored.
func Explore(system System) (*Result, error) {
	c, err := compile(system)
	if err != nil {
		return nil, err
	}
	g := newGraph(c)
	return g.explore()
}

// graph holds the worlds visited so far.
type graph struct {
	*compiled
	numbers map[world]int32
	worlds  []world
	came    []int32 // the world from which each was first reached; -1 for an initial one
	depths  []uint16
	// edges leads from each world to its successors: those of world i are
	// edges[ends[i-1]:ends[i]].
	edges []edge
	ends  []int
	fired [2][]bool
}

type edge struct {
	to    int32
	class class
}

func newGraph(c *compiled) *graph {
	g := &graph{compiled: c, numbers: map[world]int32{}}
	for side := range g.fired {
		g.fired[side] = make([]bool, len(c.tables[side].Rows))
	}
	return g
}

// number returns a world's number, a new one if it has not been seen before.
func (g *graph) number(w world, came int32) int32 {
	number, seen := g.numbers[w]
	if !seen {
		number = int32(len(g.worlds))
		g.numbers[w] = number
		g.worlds = append(g.worlds, w)
		g.came = append(g.came, came)
		depth := uint16(0)
		if came >= 0 {
			depth = g.depths[came] + 1
		}
		g.depths = append(g.depths, depth)
	}
	return number
}

func (g *graph) explore() (*Result, error) {
	asks, starts := exploredPlan, exploredStarts
	if g.Brief {
		asks, starts = briefPlan, briefStarts
	}
	for _, w := range g.beginnings(asks, starts) {
		g.number(w, -1)
	}
	for at := int32(0); int(at) < len(g.worlds); at++ {
		if len(g.worlds) > MaxStates {
			return nil, fmt.Errorf("model: more than %d states", MaxStates)
		}
		if wrong := g.visit(at); wrong != nil {
			return g.result(wrong), nil
		}
	}
	return g.result(g.judgeReaching()), nil
}

// visit makes every move from a world.
func (g *graph) visit(at int32) *Counterexample {
	w := g.worlds[at]
	var wrong *Counterexample
	moves := [...]int{ordinary: 0, deadline: 0, fault: 0, caller: 0}
	g.successors(&w, func(s *step) {
		if s.wrong != "" {
			if wrong == nil {
				wrong = g.counterexample(s.wrong, at, &s.move)
			}
			return
		}
		for side, row := range s.taken {
			if row >= 0 {
				g.fired[side][row] = true
			}
		}
		g.edges = append(g.edges, edge{g.number(s.world, at), s.class})
		moves[s.class]++
	})
	g.ends = append(g.ends, len(g.edges))
	if wrong != nil || g.resting(&w) || moves[ordinary] > 0 {
		return wrong
	}
	switch {
	case moves[deadline] == 0 && g.judges(deadlock):
		return g.counterexample(deadlock, at, nil)
	case moves[deadline] > 0 && !w.hung(parentSide) && !w.hung(childSide) && !g.blocked(&w) && g.judges(needlessWait):
		return g.counterexample(needlessWait, at, nil)
	}
	return nil
}

// blocked reports whether a side has no room to send. If neither has, neither receives
// until it times out.
func (g *graph) blocked(w *world) bool {
	return w.sides[parentSide].phase == sending || w.sides[childSide].phase == sending
}

func (g *graph) result(wrong *Counterexample) *Result {
	r := &Result{
		System: g.System, States: len(g.worlds), Transitions: len(g.edges), Counterexample: wrong,
		Depth: int(slices.Max(g.depths)),
	}
	for side := range g.fired {
		for i, fired := range g.fired[side] {
			r.Rows++
			if fired {
				r.Fired++
			} else if wrong == nil { // otherwise the exploration was cut short
				r.Idle = append(r.Idle, fmt.Sprintf("%s %s", who(side), g.tables[side].Rows[i].ID))
			}
		}
	}
	return r
}

// judgeReaching checks what must remain possible from every world.
func (g *graph) judgeReaching() *Counterexample {
	back := g.reverse()
	timely := func(c class) bool { return c == ordinary || c == deadline }
	called := func(c class) bool { return c != fault }
	untroubled := func(c class) bool { return c == ordinary || c == caller }
	for _, property := range []struct {
		wrong string
		from  func(*world) bool
		ends  func(*world) bool
		moves func(class) bool
	}{
		{endless, func(*world) bool { return true }, g.resting, timely},
		{held, func(*world) bool { return true }, over, called},
		{success, promising, func(w *world) bool { return w.facts.has(executed) }, untroubled},
	} {
		if !g.judges(property.wrong) {
			continue
		}
		reaches := g.reaching(back, property.ends, property.moves)
		for number := range g.worlds {
			if !reaches[number] && property.from(&g.worlds[number]) {
				return g.counterexample(property.wrong, int32(number), nil)
			}
		}
	}
	return nil
}

// backward holds the predecessors of each world.
type backward struct {
	edges []edge
	ends  []int
}

func (g *graph) reverse() *backward {
	counts := make([]int, len(g.worlds)+1)
	for _, edge := range g.edges {
		counts[edge.to+1]++
	}
	for i := 1; i < len(counts); i++ {
		counts[i] += counts[i-1]
	}
	b := &backward{edges: make([]edge, len(g.edges)), ends: counts}
	next := slices.Clone(counts)
	from := 0
	for i, edge := range g.edges {
		for i >= g.ends[from] {
			from++
		}
		b.edges[next[edge.to]] = edgeFrom(from, edge.class)
		next[edge.to]++
	}
	return b
}

func edgeFrom(from int, class class) edge { return edge{int32(from), class} }

// reaching marks the worlds from which certain moves lead to certain ends.
func (g *graph) reaching(back *backward, ends func(*world) bool, moves func(class) bool) []bool {
	marked := make([]bool, len(g.worlds))
	var open []int32
	for number := range g.worlds {
		if ends(&g.worlds[number]) {
			marked[number] = true
			open = append(open, int32(number))
		}
	}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		for _, edge := range back.edges[back.ends[at]:back.ends[at+1]] {
			if moves(edge.class) && !marked[edge.to] {
				marked[edge.to] = true
				open = append(open, edge.to)
			}
		}
	}
	return marked
}
