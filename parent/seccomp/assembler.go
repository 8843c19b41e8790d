package seccomp

import (
	"slices"

	"golang.org/x/sys/unix"
)

// Instruction is struct sock_filter of linux/filter.h, one instruction of classic BPF.
type Instruction struct {
	Code   uint16
	JT, JF uint8 // how many instructions to skip if a conditional jump's condition holds, and if not
	K      uint32
}

// The instructions that a filter uses.
const (
	loadWord         = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
	andConstant      = unix.BPF_ALU | unix.BPF_AND | unix.BPF_K
	jumpAlways       = unix.BPF_JMP | unix.BPF_JA
	jumpEqual        = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
	jumpGreater      = unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K
	jumpGreaterEqual = unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K
	returnConstant   = unix.BPF_RET | unix.BPF_K
)

// Offsets in struct seccomp_data of linux/seccomp.h. All supported machines are little-endian.
const (
	offsetNumber       = 0
	offsetArchitecture = 4
	offsetArguments    = 16
)

func lowHalf(argument uint8) uint32  { return offsetArguments + 8*uint32(argument) }
func highHalf(argument uint8) uint32 { return lowHalf(argument) + 4 }

// maxInstructions is BPF_MAXINSNS of linux/bpf_common.h, the kernel's limit for one filter.
const maxInstructions = 4096

// maxReach is how far the target of a conditional jump may be. The field has 8 bits; one
// instruction is reserved because a trampoline for the other target may come between.
const maxReach = 254

// label is where execution continues: the position of an instruction, counted from the end
// of the program, or if negative, the verdict assembler.returns[-1-label].
type label int

// assembler builds a program from its end to its start. Classic BPF only jumps forward, so
// every target is already there when a jump to it is emitted, and offsets never need fixing
// up.
type assembler struct {
	reversed []Instruction
	nearest  []label // for each position, the latest instruction with the same effect
	returns  []returnLabel
	overflow bool // more than maxInstructions were needed
}

// returnLabel is a verdict and the latest instruction that returns it, or notEmitted.
type returnLabel struct {
	verdict verdict
	nearest label
}

const notEmitted label = -1

func newAssembler() *assembler {
	return &assembler{reversed: make([]Instruction, 0, 512), nearest: make([]label, 0, 512)}
}

// emit puts an instruction in front of all others. After an overflow it only keeps labels
// valid, so that a huge profile costs no more than a large one.
func (a *assembler) emit(i Instruction) label {
	if len(a.reversed) == maxInstructions {
		a.overflow = true
		return 0
	}
	position := label(len(a.reversed))
	a.reversed = append(a.reversed, i)
	a.nearest = append(a.nearest, position)
	return position
}

// skip returns how many instructions are between the next one to be emitted and the target.
func (a *assembler) skip(target label) int {
	return len(a.reversed) - int(target) - 1
}

// reach returns the position of an instruction with the same effect as target that a
// conditional jump can reach.
func (a *assembler) reach(target label) label {
	if target < 0 {
		return a.reachReturn(&a.returns[-1-target])
	}
	if a.skip(a.nearest[target]) > maxReach {
		a.nearest[target] = a.emit(Instruction{Code: jumpAlways, K: uint32(a.skip(a.nearest[target]))})
	}
	return a.nearest[target]
}

// reachReturn is reach for a verdict. A copy of the return costs no more than a jump to it.
func (a *assembler) reachReturn(r *returnLabel) label {
	if r.nearest == notEmitted || a.skip(r.nearest) > maxReach {
		r.nearest = a.emit(Instruction{Code: returnConstant, K: uint32(r.verdict)})
	}
	return r.nearest
}

// ret returns the label of a verdict. Its instruction is emitted once a jump needs it.
func (a *assembler) ret(v verdict) label {
	i := slices.IndexFunc(a.returns, func(r returnLabel) bool { return r.verdict == v })
	if i < 0 {
		i = len(a.returns)
		a.returns = append(a.returns, returnLabel{v, notEmitted})
	}
	return label(-1 - i)
}

// jump emits a conditional jump.
func (a *assembler) jump(code uint16, k uint32, yes, no label) label {
	if a.overflow {
		return 0
	}
	yes = a.reach(yes)
	no = a.reach(no)
	return a.emit(Instruction{Code: code, JT: uint8(a.skip(yes)), JF: uint8(a.skip(no)), K: k})
}

// load emits a load of a word of struct seccomp_data into the accumulator, followed by
// next.
func (a *assembler) load(offset uint32, next label) label {
	return a.emitBefore(Instruction{Code: loadWord, K: offset}, next)
}

// and emits an AND of the accumulator with a mask, followed by next.
func (a *assembler) and(mask uint32, next label) label {
	return a.emitBefore(Instruction{Code: andConstant, K: mask}, next)
}

// emitBefore emits an instruction that continues at next, with a jump between them if next
// was not emitted last.
func (a *assembler) emitBefore(i Instruction, next label) label {
	if skip := a.skip(a.reach(next)); skip > 0 {
		a.emit(Instruction{Code: jumpAlways, K: uint32(skip)})
	}
	return a.emit(i)
}

// program returns the instructions in execution order.
func (a *assembler) program() []Instruction {
	program := make([]Instruction, len(a.reversed))
	for i, instruction := range a.reversed {
		program[len(program)-1-i] = instruction
	}
	return program
}
