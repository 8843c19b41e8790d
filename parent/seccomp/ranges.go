package seccomp

// span is a range of system call numbers with the same decision. It ends where the next one
// begins.
type span struct {
	first    uint32
	decision int32
}

// numberSpace is a partition of all 32-bit numbers, sorted.
type numberSpace []span

// set gives a decision to all numbers from first on, up to what is set later.
func (n *numberSpace) set(first uint32, decision int32) {
	if last := len(*n) - 1; last >= 0 && (*n)[last].decision == decision {
		return
	}
	*n = append(*n, span{first, decision})
}

// add adds the calls of an ABI and returns how many of them have rules. Numbers that the
// profile does not name get the decision fallback, or beyond if they are higher than all
// that it names.
func (n *numberSpace) add(abi *architecture, byCall []int32, fallback, beyond int32) (named int) {
	highest := -1
	for i, c := range *abi.calls {
		if byCall[c.name] >= 0 {
			named++
			if c.number <= abi.ordinary {
				highest = i
			}
		}
	}
	gap := fallback
	next := abi.first
	for i, c := range *abi.calls {
		decision := byCall[c.name]
		if decision < 0 {
			continue
		}
		if c.number > next {
			n.set(next, gap)
		}
		n.set(c.number, decision)
		next = c.number + 1
		if i == highest {
			gap = beyond
		}
	}
	if next <= abi.last {
		n.set(next, gap)
	}
	return named
}

// assemble emits a binary search for the number in the accumulator. Labels holds the start
// of each decision.
func (n numberSpace) assemble(a *assembler, labels []label) label {
	switch {
	case len(n) == 1:
		return labels[n[0].decision]
	case len(n) == 3 && n[0].decision == n[2].decision && n[1].first+1 == n[2].first:
		return a.jump(jumpEqual, n[1].first, labels[n[1].decision], labels[n[0].decision])
	}
	middle := len(n) / 2
	above := n[middle:].assemble(a, labels)
	below := n[:middle].assemble(a, labels)
	return a.jump(jumpGreaterEqual, n[middle].first, above, below)
}
