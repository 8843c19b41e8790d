package devfilter

import (
	"fmt"

	"github.com/cilium/ebpf/asm"
)

// request is what the kernel asks a device program.
type request struct {
	kind, access uint32
	major, minor uint32
}

// interpret runs instructions as the kernel would. It supports only those that Compile
// emits, and knows nothing about rules.
func interpret(program asm.Instructions, q request) (uint64, error) {
	memory := map[int16]uint32{0: q.access<<16 | q.kind, 4: q.major, 8: q.minor}
	var registers [11]uint64
	written := [11]bool{asm.R1: true}
	for pc, steps := 0, 0; ; pc, steps = pc+1, steps+1 {
		if pc < 0 || pc >= len(program) || steps > len(program) {
			return 0, fmt.Errorf("left the program at %d", pc)
		}
		in := program[pc]
		operand := uint64(int64(int32(in.Constant)))
		if in.OpCode.Class().IsALU() && in.OpCode.Source() == asm.RegSource {
			if !written[in.Src] {
				return 0, fmt.Errorf("%d: %v reads a register that was not written", pc, in)
			}
			operand = registers[in.Src]
		}
		switch op := in.OpCode; {
		case op == asm.LoadMemOp(asm.Word) && in.Src == asm.R1:
			value, ok := memory[in.Offset]
			if !ok {
				return 0, fmt.Errorf("%d: %v reads outside the context", pc, in)
			}
			registers[in.Dst] = uint64(value)
		case op.Class() == asm.ALU64Class && op.ALUOp() == asm.Mov:
			registers[in.Dst] = operand
		case op.Class() == asm.ALU64Class && op.ALUOp() == asm.And:
			registers[in.Dst] &= operand
		case op.Class() == asm.ALU64Class && op.ALUOp() == asm.RSh:
			registers[in.Dst] >>= operand
		case op.Class() == asm.ALU64Class && op.ALUOp() == asm.LSh:
			registers[in.Dst] <<= operand
		case op.Class() == asm.ALU64Class && op.ALUOp() == asm.Or:
			registers[in.Dst] |= operand
		case op.Class() == asm.ALUClass && op.ALUOp() == asm.Xor:
			registers[in.Dst] = uint64(uint32(registers[in.Dst]) ^ uint32(operand))
		case op == asm.JEq.Op(asm.ImmSource):
			if registers[in.Dst] == operand {
				pc += int(in.Offset)
			}
		case op == asm.JNE.Op(asm.ImmSource):
			if registers[in.Dst] != operand {
				pc += int(in.Offset)
			}
		case op.JumpOp() == asm.Exit:
			if !written[asm.R0] {
				return 0, fmt.Errorf("%d: exit without a verdict", pc)
			}
			return registers[asm.R0], nil
		default:
			return 0, fmt.Errorf("%d: %v is not an instruction that Compile emits", pc, in)
		}
		written[in.Dst] = true
	}
}
