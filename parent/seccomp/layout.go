package seccomp

import "fmt"

// layout is a filter before assembly: the decision for every number in every architecture.
type layout struct {
	decisions     []decision
	used          []bool // whether any number has the decision
	blocks        []block
	architectures []ArchitectureSummary
}

// block is the part of a filter for one audit architecture.
type block struct {
	audit   uint32
	numbers numberSpace
}

func newLayout(selected selection, rules *ruleSet) *layout {
	d := decide(rules)
	fallback := d.constant(rules.fallback)
	beyond := fallback
	if !rules.fallbackIsFor.permissive {
		beyond = d.constant(noSyscall)
	}
	unlisted := d.constant(killProcess)

	l := &layout{decisions: d.all, used: make([]bool, len(d.all))}
	for _, sharers := range selected.machine.abis {
		if !selected.coversAny(sharers) {
			continue
		}
		b := block{audit: sharers[0].audit, numbers: make(numberSpace, 0, 128)}
		for _, abi := range sharers {
			if !selected.covers(abi) {
				b.numbers.set(abi.first, unlisted)
				continue
			}
			named := b.numbers.add(abi, d.byCall, fallback, beyond)
			l.architectures = append(l.architectures, ArchitectureSummary{string(abi.name), named})
		}
		// Numbers outside every ABI are not calls. They do not get the decision for
		// unlisted calls: -1 is what a tracer writes to skip a call, and what programs use
		// to make no call.
		if last := sharers[len(sharers)-1].last; last < 1<<32-1 {
			b.numbers.set(last+1, beyond)
		}
		for _, s := range b.numbers {
			l.used[s.decision] = true
		}
		l.blocks = append(l.blocks, b)
	}
	return l
}

// notifies reports whether the filter can hand a call to a listener.
func (l *layout) notifies() bool {
	for i := range l.decisions {
		if l.used[i] && l.decisions[i].notifies() {
			return true
		}
	}
	return false
}

// assemble emits the choice of the architecture, a block for each, and the decisions.
func (l *layout) assemble() ([]Instruction, error) {
	a := newAssembler()
	entry := a.ret(killProcess) // any other architecture
	starts := make([]label, len(l.decisions))
	for i := range l.decisions {
		if l.used[i] {
			starts[i] = l.decisions[i].assemble(a)
		}
	}
	blocks := make([]label, len(l.blocks))
	for i := len(l.blocks) - 1; i >= 0; i-- {
		blocks[i] = l.blocks[i].numbers.assemble(a, starts)
		if len(l.blocks[i].numbers) > 1 {
			blocks[i] = a.load(offsetNumber, blocks[i])
		}
	}
	for i := len(l.blocks) - 1; i >= 0; i-- {
		entry = a.jump(jumpEqual, l.blocks[i].audit, blocks[i], entry)
	}
	a.load(offsetArchitecture, entry)
	if a.overflow {
		return nil, fmt.Errorf("linux.seccomp.syscalls: the rules need more than the %d instructions that the kernel allows a filter, want fewer entries with args", maxInstructions)
	}
	return a.program(), nil
}
