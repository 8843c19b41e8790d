package model

import (
	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// perform performs the effect of a side's state, or a part of it. What each effect
// acquires, does and releases is the contract that the runners must keep. An effect that
// fails may have done any part of it.
func (c *compiled) perform(w *world, side who, emit emit) {
	stands, table := w.sides[side], &c.tables[side]
	if table.states[stands.state] == table.Initial {
		s := c.step(w, side, ordinary, "begins")
		s.take(side, machine.Begin)
		emit(s)
		return
	}
	effect := table.Rows[stands.row].Effect
	p := &performance{c, w, side, string(effect), emit}
	if side == childSide {
		p.child(effect)
	} else {
		p.parent(effect)
	}
}

// performance is one effect in one world.
type performance struct {
	*compiled
	from   *world
	side   who
	effect string
	emit   emit
}

// succeed ends the effect with an event, after changing the world.
func (p *performance) succeed(event machine.Event, change func(*step)) {
	s := p.step(p.from, p.side, ordinary, succeeds+p.effect)
	if change != nil {
		change(s)
	}
	s.take(p.side, event)
	p.emit(s)
}

// fail ends the effect with Failed, once for each of the changes.
func (p *performance) fail(changes ...func(*step)) {
	if changes == nil {
		changes = append(changes, func(*step) {})
	}
	for _, change := range changes {
		s := p.step(p.from, p.side, fault, "fails to "+p.effect)
		change(s)
		s.take(p.side, machine.Failed)
		p.emit(s)
	}
}

// goOn performs a part of the effect.
func (p *performance) goOn(what string, to uint8, change func(*step)) {
	s := p.step(p.from, p.side, ordinary, what)
	s.sides[p.side].step = to
	if change != nil {
		change(s)
	}
	p.emit(s)
}

func hold(some resource) func(*step) { return func(s *step) { s.held |= some } }
func give(some resource) func(*step) { return func(s *step) { s.held &^= some } }

// parent performs the parent's effects, according to SPEC.md, section 7.2.
func (p *performance) parent(effect machine.Effect) {
	w := p.from
	switch effect {
	case parent.Reserve:
		if w.facts.has(joins) {
			p.succeed(machine.Done, nil) // the container's resources exist already
			p.fail()
			return
		}
		p.succeed(machine.Done, hold(stateDirectory|cgroup))
		p.fail(hold(0), hold(stateDirectory), hold(stateDirectory|cgroup))
	case parent.Spawn:
		p.succeed(machine.Done, (*step).begetChild)
		p.fail(hold(0), (*step).begetChild)
	case parent.Agree:
		if w.facts.has(mapped) {
			p.succeed(parent.Mapped, nil)
		} else {
			p.succeed(parent.Plain, nil)
		}
		p.fail()
	case parent.WriteMaps, parent.Open:
		p.succeed(machine.Done, nil)
		p.fail()
	case parent.DeliverConsole:
		if w.facts.has(gaveConsole) {
			p.refuse()
			return
		}
		p.succeed(machine.Done, func(s *step) { s.facts |= gaveConsole })
		p.fail()
	case parent.RunHooks:
		if w.facts.has(ranHooks) {
			p.refuse()
			return
		}
		if w.sides[parentSide].step == 0 {
			p.goOn("attaches the device program and starts a hook", 1, hold(deviceProgram|hook))
			p.fail(hold(0), hold(deviceProgram))
			return
		}
		p.succeed(machine.Done, func(s *step) {
			s.held &^= hook
			s.facts |= ranHooks
		})
		p.fail(give(hook))
	case parent.Commit:
		var program resource
		if !w.facts.has(joins) {
			program = deviceProgram
		}
		p.succeed(machine.Done, func(s *step) {
			s.violate(p.mayCommit(w))
			s.held |= program
			s.facts |= limited
		})
		p.fail(hold(0), hold(program))
	case parent.Release:
		if w.facts.has(leaves) {
			p.succeed(parent.Leave, nil)
		} else {
			p.succeed(parent.Go, nil)
		}
		p.fail()
	case parent.Confirm:
		p.confirm()
	case parent.TearDown:
		p.succeed(machine.Done, func(s *step) {
			s.childDies()
			s.facts |= undone | tornDown
			if !s.facts.has(called) {
				s.held = 0
			}
		})
		p.fail(func(s *step) { s.facts |= undone }, func(s *step) {
			s.childDies()
			s.facts |= undone
			s.held &^= process
		})
	}
}

// confirm implements section 11 of SPEC.md.
func (p *performance) confirm() {
	w := p.from
	switch {
	case w.facts.has(executed):
		p.succeed(parent.Executed, nil)
	case w.sides[childSide].lives() && !w.facts.has(listening):
		// It is alive, has the child's name and has closed its end. Only an execution
		// closes the end of a living process: one that exits is seen to do so before it has
		// closed anything. So this must be the program's name.
		p.succeed(parent.Executed, nil)
	default:
		p.refuse()
		return
	}
	p.fail()
}

// refuse fails because of the peer, not because something went wrong (M-TRUST-5, M-EXE-2).
func (p *performance) refuse() {
	s := p.step(p.from, p.side, ordinary, "refuses to "+p.effect)
	s.take(p.side, machine.Failed)
	p.emit(s)
}

func (s *step) begetChild() {
	s.held |= process
	if !s.facts.has(joins) {
		s.held |= mountNamespace
	}
	table := &s.tables[childSide]
	s.sides[childSide] = stand{state: table.number(table.Initial), phase: performing}
}

// accepting reports whether the child is waiting for a caller to connect.
func (c *compiled) accepting(w *world) bool {
	stands := w.sides[childSide]
	return stands.phase == performing && c.tables[childSide].Rows[stands.row].Effect == child.Accept
}
