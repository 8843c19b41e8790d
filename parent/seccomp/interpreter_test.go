package seccomp

import (
	"encoding/binary"
	"fmt"
	"strings"
)

// data is struct seccomp_data of linux/seccomp.h.
type data struct {
	number       uint32
	architecture uint32
	pointer      uint64
	arguments    [6]uint64
}

func (d data) String() string {
	return fmt.Sprintf("number %#x on %#x with %#x", d.number, d.architecture, d.arguments)
}

func (d *data) bytes() (b [64]byte) {
	binary.LittleEndian.PutUint32(b[0:], d.number)
	binary.LittleEndian.PutUint32(b[4:], d.architecture)
	binary.LittleEndian.PutUint64(b[8:], d.pointer)
	for i, argument := range d.arguments {
		binary.LittleEndian.PutUint64(b[16+8*i:], argument)
	}
	return b
}

// interpreter runs a classic BPF program as kernel/seccomp.c and net/core/filter.c do, for
// the opcodes that seccomp allows and filters here use. The opcodes are copied from
// linux/bpf_common.h, so that a wrong constant in the compiler does not go unnoticed.
type interpreter struct {
	program  []Instruction
	executed []bool
}

func newInterpreter(program []Instruction) *interpreter {
	return &interpreter{program, make([]bool, len(program))}
}

// verify makes the kernel's checks when it loads a filter.
func (p *interpreter) verify() error {
	if len(p.program) == 0 || len(p.program) > 4096 {
		return fmt.Errorf("%d instructions", len(p.program))
	}
	for i, instruction := range p.program {
		left := len(p.program) - i - 1
		switch instruction.Code {
		case 0x20: // ld [k]
			if instruction.K%4 != 0 || instruction.K >= 64 {
				return fmt.Errorf("instruction %d loads from offset %d", i, instruction.K)
			}
		case 0x05: // ja
			if int64(instruction.K) >= int64(left) {
				return fmt.Errorf("instruction %d jumps beyond the end", i)
			}
		case 0x15, 0x25, 0x35, 0x45: // jeq, jgt, jge, jset
			if int(instruction.JT) >= left || int(instruction.JF) >= left {
				return fmt.Errorf("instruction %d jumps beyond the end", i)
			}
		case 0x54, 0x06: // and #k, ret #k
		default:
			return fmt.Errorf("instruction %d has opcode %#x", i, instruction.Code)
		}
	}
	if last := p.program[len(p.program)-1]; last.Code != 0x06 {
		return fmt.Errorf("the last instruction has opcode %#x", last.Code)
	}
	return nil
}

// run returns the verdict on a call.
func (p *interpreter) run(d *data) uint32 {
	memory := d.bytes()
	var accumulator uint32
	for pc := 0; ; pc++ {
		p.executed[pc] = true
		instruction := p.program[pc]
		holds := false
		switch instruction.Code {
		case 0x20:
			accumulator = binary.LittleEndian.Uint32(memory[instruction.K:])
			continue
		case 0x54:
			accumulator &= instruction.K
			continue
		case 0x05:
			pc += int(instruction.K)
			continue
		case 0x06:
			return instruction.K
		case 0x15:
			holds = accumulator == instruction.K
		case 0x25:
			holds = accumulator > instruction.K
		case 0x35:
			holds = accumulator >= instruction.K
		case 0x45:
			holds = accumulator&instruction.K != 0
		default:
			panic(fmt.Sprintf("opcode %#x", instruction.Code))
		}
		if holds {
			pc += int(instruction.JT)
		} else {
			pc += int(instruction.JF)
		}
	}
}

// unexecuted counts the instructions that no run has reached.
func (p *interpreter) unexecuted() int {
	n := 0
	for _, executed := range p.executed {
		if !executed {
			n++
		}
	}
	return n
}

// listing prints a program with absolute jump targets.
func listing(program []Instruction) string {
	var b strings.Builder
	for i, instruction := range program {
		fmt.Fprintf(&b, "%4d  ", i)
		switch instruction.Code {
		case 0x20:
			fmt.Fprintf(&b, "ld   %s\n", fieldName(instruction.K))
		case 0x54:
			fmt.Fprintf(&b, "and  %#x\n", instruction.K)
		case 0x05:
			fmt.Fprintf(&b, "ja   %d\n", i+1+int(instruction.K))
		case 0x06:
			fmt.Fprintf(&b, "ret  %#x\n", instruction.K)
		default:
			name := map[uint16]string{0x15: "jeq", 0x25: "jgt", 0x35: "jge", 0x45: "jset"}[instruction.Code]
			fmt.Fprintf(&b, "%-4s %#x, %d, %d\n", name, instruction.K, i+1+int(instruction.JT), i+1+int(instruction.JF))
		}
	}
	return b.String()
}

func fieldName(offset uint32) string {
	switch {
	case offset == 0:
		return "number"
	case offset == 4:
		return "architecture"
	case offset%8 == 0:
		return fmt.Sprintf("argument %d, low half", (offset-16)/8)
	default:
		return fmt.Sprintf("argument %d, high half", (offset-16)/8)
	}
}
