// Package tinyprogram makes ELF programs of a few instructions, for tests and benchmarks in
// which the program itself should cost as little as possible: one page, no stack, no
// library, and no system call other than the one that it is there for.
package tinyprogram

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"runtime"
)

// Exit returns the content of a program that exits at once with a status.
func Exit(status byte) []byte { return executable(instructions[runtime.GOARCH].exit(uint32(status))) }

// Pause returns the content of a program that never ends.
func Pause() []byte { return executable(instructions[runtime.GOARCH].pause) }

// instructions holds the programs for each architecture.
var instructions = map[string]struct {
	exit  func(status uint32) []byte
	pause []byte
}{
	"amd64": {
		// mov edi, status; mov eax, 231 (exit_group); syscall
		exit: func(status uint32) []byte {
			return []byte{0xbf, byte(status), 0, 0, 0, 0xb8, 231, 0, 0, 0, 0x0f, 0x05}
		},
		// mov eax, 34 (pause); syscall; jmp to the beginning
		pause: []byte{0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7},
	},
	"arm64": {
		// mov x0, status; mov x8, 94 (exit_group); svc 0
		exit: func(status uint32) []byte { return words(0xd2800000|status<<5, 0xd2800bc8, 0xd4000001) },
		// mov x0…x3, 0; mov x8, 73 (ppoll); svc 0; b to the beginning
		pause: words(0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, 0xd2800928, 0xd4000001, 0x17fffffa),
	},
}

var machines = map[string]elf.Machine{"amd64": elf.EM_X86_64, "arm64": elf.EM_AARCH64}

func words(instructions ...uint32) []byte {
	var code []byte
	for _, instruction := range instructions {
		code = binary.LittleEndian.AppendUint32(code, instruction)
	}
	return code
}

// executable returns a static ELF file with one segment.
func executable(code []byte) []byte {
	const address, headers = 0x400000, 64 + 56 // an ELF header, a program header
	size := uint64(headers + len(code))
	var file bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(machines[runtime.GOARCH]), Version: uint32(elf.EV_CURRENT),
			Entry: address + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: address, Paddr: address,
			Filesz: size, Memsz: size, Align: 0x10000,
		},
		code,
	} {
		if err := binary.Write(&file, binary.LittleEndian, part); err != nil {
			panic(err) // values of fixed size are always written to memory
		}
	}
	return file.Bytes()
}
