package model

import (
	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// child performs the child's effects, according to SPEC.md, section 7.3.
func (p *performance) child(effect machine.Effect) {
	w := p.from
	switch effect {
	case child.Greet:
		if w.facts.has(mapped) {
			p.succeed(child.Mapped, nil)
		} else {
			p.succeed(child.Plain, nil)
		}
		p.fail()
	case child.BecomeRoot, child.Collect:
		p.succeed(machine.Done, nil)
		p.fail()
	case child.Prepare:
		p.prepare()
	case child.Accept:
		if w.next.exists {
			p.succeed(child.Connected, func(s *step) {
				s.line, s.next = s.next, connection{}
				s.facts &^= onNext | childToldFault | childSentFault
			})
		}
		p.fail()
	case child.Execute:
		p.execute(w.sides[childSide].step)
	}
}

// prepare asks the parent for what the plan still needs, in any order.
func (p *performance) prepare() {
	if p.from.plan.opens > 0 {
		p.succeed(child.Open, func(s *step) { s.plan.opens-- })
	}
	if p.from.plan.consoles > 0 {
		p.succeed(child.Console, func(s *step) { s.plan.consoles-- })
	}
	if p.from.plan.hooks > 0 {
		p.succeed(child.Hooks, func(s *step) { s.plan.hooks-- })
	}
	p.succeed(child.Prepared, func(s *step) { s.plan = plan{} })
	p.fail()
}

// The steps of execute, in the order of SPEC.md, "Privileged acts". A filter is loaded
// first, last or not at all; there may be hooks.
const (
	filterFirst uint8 = iota
	startHook
	endHook
	filterLast
	replace
)

func (p *performance) execute(part uint8) {
	load := func(s *step) {
		s.violate(mayFilter(p.from))
		s.facts |= filtered
	}
	switch part {
	case filterFirst:
		p.goOn("loads the filter and sets its credentials", startHook, load)
		p.goOn("sets its credentials", startHook, func(s *step) { s.violate(mayAct(p.from)) })
		p.fail()
	case startHook:
		p.goOn("starts a hook", endHook, func(s *step) {
			s.violate(mayExecute(p.from))
			s.held |= hook
		})
		p.goOn("has no hooks", filterLast, nil)
		p.fail()
	case endHook:
		p.goOn("sees the hook end", filterLast, give(hook))
		p.fail(give(hook))
	case filterLast:
		if !p.from.facts.has(filtered) {
			p.goOn("loads the filter", replace, load)
			p.fail()
		}
		p.goOn("has no filter to load", replace, nil)
	case replace:
		p.succeed(child.Executed, func(s *step) {
			s.violate(mayExecute(p.from))
			s.facts |= executed
		})
		p.fail()
	}
}
