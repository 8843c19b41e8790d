package seccomp

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// maxIndex is the index of a system call's last argument.
const maxIndex = 5

// comparison is a test that a filter can make. Every operator is one of these or its
// negation.
type comparison uint8

const (
	maskedEqual comparison = iota
	greaterEqual
	greater
)

// operator is one SCMP_CMP_* of the OCI runtime specification.
type operator struct {
	name       specs.LinuxSeccompOperator
	comparison comparison
	negated    bool
	takesMask  bool // value is a mask, and valueTwo is what to compare with
}

var operators = [...]operator{
	{name: specs.OpNotEqual, comparison: maskedEqual, negated: true},
	{name: specs.OpLessThan, comparison: greaterEqual, negated: true},
	{name: specs.OpLessEqual, comparison: greater, negated: true},
	{name: specs.OpEqualTo, comparison: maskedEqual},
	{name: specs.OpGreaterEqual, comparison: greaterEqual},
	{name: specs.OpGreaterThan, comparison: greater},
	{name: specs.OpMaskedEqual, comparison: maskedEqual, takesMask: true},
}

// Operators returns the SCMP_CMP_* names that Compile accepts.
func Operators() []string {
	names := make([]string, len(operators))
	for i := range operators {
		names[i] = string(operators[i].name)
	}
	return names
}

// condition is a test of one argument.
type condition struct {
	index      uint8
	comparison comparison
	negated    bool
	mask       uint64 // for maskedEqual
	value      uint64 // within mask
}

// parseCondition checks an entry of args. Where is its place in the configuration.
func parseCondition(arg *specs.LinuxSeccompArg, where path) (condition, error) {
	if arg.Index > maxIndex {
		return condition{}, fmt.Errorf("%s.index: no argument %d, want 0 to %d", where, arg.Index, maxIndex)
	}
	for i := range operators {
		o := &operators[i]
		if o.name != arg.Op {
			continue
		}
		c := condition{uint8(arg.Index), o.comparison, o.negated, ^uint64(0), arg.Value}
		if o.takesMask {
			c.mask, c.value = arg.Value, arg.ValueTwo&arg.Value
		}
		return c, nil
	}
	return condition{}, fmt.Errorf("%s.op: unknown operator %q, want one of %s", where, arg.Op, list(Operators()))
}

// assemble emits the test and returns its first instruction. Execution continues at yes or
// at no.
func (c *condition) assemble(a *assembler, yes, no label) label {
	if c.negated {
		yes, no = no, yes
	}
	high, low := uint32(c.value>>32), uint32(c.value)
	switch c.comparison {
	case greaterEqual:
		return c.assembleOrder(a, yes, no, a.jump(jumpGreaterEqual, low, yes, no))
	case greater:
		return c.assembleOrder(a, yes, no, a.jump(jumpGreater, low, yes, no))
	default:
		next := c.assembleHalf(a, lowHalf(c.index), uint32(c.mask), low, yes, no)
		return c.assembleHalf(a, highHalf(c.index), uint32(c.mask>>32), high, next, no)
	}
}

// assembleOrder completes an ordering test whose comparison of the low halves is in place:
// the high halves decide unless they are equal.
func (c *condition) assembleOrder(a *assembler, yes, no, compareLow label) label {
	high := uint32(c.value >> 32)
	next := a.load(lowHalf(c.index), compareLow)
	if high != 0 { // an unsigned half that is not above 0 equals 0
		next = a.jump(jumpEqual, high, next, no)
	}
	return a.load(highHalf(c.index), a.jump(jumpGreater, high, yes, next))
}

// assembleHalf emits the comparison of one 32-bit half under a mask, or nothing if no bit
// matters.
func (c *condition) assembleHalf(a *assembler, offset, mask, value uint32, yes, no label) label {
	if mask == 0 {
		return yes
	}
	next := a.jump(jumpEqual, value, yes, no)
	if mask != 1<<32-1 {
		next = a.and(mask, next)
	}
	return a.load(offset, next)
}
