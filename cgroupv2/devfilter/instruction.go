package devfilter

import (
	"encoding/binary"

	"golang.org/x/sys/unix"
)

// Instruction is struct bpf_insn of bpf(2): an opcode, two registers (the source in the
// upper half) and two constants. A device program uses only a few different instructions,
// which are assembled here. The tests compare them with a library's assembler; using that
// here would cost a third of a millisecond at every start.
type Instruction struct {
	operation byte
	registers byte
	offset    int16
	constant  int32
}

// Instructions are a program for the kernel.
type Instructions []Instruction

// instructionBytes is the size of an instruction in the kernel's format.
const instructionBytes = 8

// register is one of the eleven registers. The first holds the program's verdict, the
// second its argument.
type register byte

// encode returns the program in the kernel's format, in this machine's byte order.
func (p Instructions) encode() []byte {
	encoded := make([]byte, 0, len(p)*instructionBytes)
	for _, i := range p {
		encoded = append(encoded, i.operation, i.registers)
		encoded = binary.NativeEndian.AppendUint16(encoded, uint16(i.offset))
		encoded = binary.NativeEndian.AppendUint32(encoded, uint32(i.constant))
	}
	return encoded
}

// loadWord loads 32 bits from memory that a register points to.
func loadWord(to, from register, offset int16) Instruction {
	return Instruction{unix.BPF_LDX | unix.BPF_MEM | unix.BPF_W, pair(to, from), offset, 0}
}

func move(to, from register) Instruction {
	return Instruction{unix.BPF_ALU64 | unix.BPF_MOV | unix.BPF_X, pair(to, from), 0, 0}
}

// with applies an operation to a register and a constant.
func with(operation byte, to register, constant int32) Instruction {
	return Instruction{unix.BPF_ALU64 | operation | unix.BPF_K, byte(to), 0, constant}
}

// narrow is with for the lower 32 bits of a register whose upper bits are zero: in with, a
// constant whose highest bit is set would be negative.
func narrow(operation byte, to register, constant int32) Instruction {
	return Instruction{unix.BPF_ALU | operation | unix.BPF_K, byte(to), 0, constant}
}

// join ORs one register into another.
func join(to, from register) Instruction {
	return Instruction{unix.BPF_ALU64 | unix.BPF_OR | unix.BPF_X, pair(to, from), 0, 0}
}

// skip jumps over the next n instructions if comparing the register with zero succeeds.
func skip(comparison byte, r register, n int) Instruction {
	return Instruction{unix.BPF_JMP | comparison | unix.BPF_K, byte(r), int16(n), 0}
}

func exit() Instruction { return Instruction{operation: unix.BPF_JMP | unix.BPF_EXIT} }

// pair puts the destination into the lower half of the registers' byte, as on all
// little-endian machines. fsrun is built for no others.
func pair(to, from register) byte { return byte(from)<<4 | byte(to) }
