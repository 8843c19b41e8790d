package model

import (
	"fmt"
	"slices"
	"strings"

	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Path checks that the model can do what a side was observed to do since its beginning. It
// follows all worlds that agree with the observations so far, with everything that the
// other side, callers and chance may have done in between. Side is parent or child; a
// parent whose first row is that of a later caller is one. The observations of a killed
// side end at some step.
func Path(side string, steps []machine.Step) error {
	system := Runtime(MaxCapacity)
	c, err := compile(system)
	if err != nil {
		return err
	}
	p := &pursuit{compiled: c, side: parentSide}
	if side == childSide.String() {
		p.side = childSide
	}
	seen := tokens(steps)
	p.caller = p.side == parentSide && len(seen) > 0 && p.isCaller(seen[0])
	starts := uint8(0)
	if p.side == childSide || p.caller {
		starts = exploredStarts
	}
	at := map[spot]bool{}
	for _, w := range c.beginnings(asked(seen), starts) {
		at[spot{world: w}] = true
	}
	for i, token := range seen {
		next, possible := p.follow(at, token)
		if len(next) == 0 {
			return fmt.Errorf("model: step %d of the %s, %s, after %s: no path leads to it; possible are: %s",
				i+1, side, token, strings.Join(seen[:i], ", "), strings.Join(possible, ", "))
		}
		at = next
	}
	return nil
}

// pursuit follows the observations of one side.
type pursuit struct {
	*compiled
	side   who
	caller bool // the side is a later caller
}

func (p *pursuit) isCaller(token string) bool {
	for _, row := range p.Parent.Rows {
		if row.Event == parent.Attach {
			return token == rowToken(&row)
		}
	}
	return false
}

func rowToken(row *machine.Row) string { return "row " + row.ID }

// tokens converts each step to a word or two.
func tokens(steps []machine.Step) []string {
	var seen []string
	for _, step := range steps {
		switch {
		case step.Row != nil:
			seen = append(seen, rowToken(step.Row))
		case step.Sent:
			seen = append(seen, "sends "+step.Frame.Kind().String())
		default:
			seen = append(seen, "receives "+step.Frame.Kind().String())
		}
	}
	return seen
}

// asked returns how often a plan must have asked for what was observed.
func asked(seen []string) plan {
	count := func(kind protocol.Kind) uint8 {
		total := 0
		for _, token := range seen {
			if strings.HasSuffix(token, "s "+kind.String()) {
				total++
			}
		}
		return uint8(min(total, 100))
	}
	return plan{
		parts: max(exploredPlan.parts, count(protocol.KindPart)), opens: max(exploredPlan.opens, count(protocol.KindOpenRequest)),
		consoles: exploredPlan.consoles, hooks: exploredPlan.hooks,
	}
}

// spot is a world and a step that is still expected: receiving a frame is observed before
// taking the row that it leads to.
type spot struct {
	world world
	owes  string
}

// follow returns the spots that a step leads to, after any number of hidden moves. If there
// are none, it returns what would have been possible.
func (p *pursuit) follow(from map[spot]bool, token string) (next map[spot]bool, possible []string) {
	next = map[spot]bool{}
	match := func(shown string, to spot) {
		switch {
		case shown == token:
			next[to] = true
		case !slices.Contains(possible, shown):
			possible = append(possible, shown)
		}
	}
	var open []spot
	for at := range from {
		open = append(open, at)
	}
	for len(open) > 0 {
		at := open[len(open)-1]
		open = open[:len(open)-1]
		if at.owes != "" {
			match(at.owes, spot{world: at.world})
			continue
		}
		p.successors(&at.world, func(s *step) {
			shown := p.shown(s)
			switch {
			case s.wrong != "":
			case len(shown) == 2:
				match(shown[0], spot{s.world, shown[1]})
			case len(shown) == 1:
				match(shown[0], spot{world: s.world})
			case !from[spot{world: s.world}]:
				from[spot{world: s.world}] = true
				open = append(open, spot{world: s.world})
			}
		})
	}
	return next, possible
}

// shown returns what the followed side shows of a move, in order.
func (p *pursuit) shown(s *step) []string {
	if p.caller && !s.facts.has(called) {
		return nil // it does not exist yet: the creator is moving
	}
	var tokens []string
	if s.side == p.side && s.sent {
		tokens = append(tokens, "sends "+s.kind.String())
	}
	if row := s.taken[p.side]; row >= 0 {
		taken := &p.tables[p.side].Rows[row]
		if s.kind != 0 && taken.Event == received[s.kind] {
			tokens = append(tokens, "receives "+s.kind.String())
		}
		tokens = append(tokens, rowToken(taken))
	}
	return tokens
}
