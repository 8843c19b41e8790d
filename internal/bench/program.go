package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"runtime"
)

// code holds the machine code of the programs in the containers, for each architecture: one
// exits at once with success, the other pauses forever.
var code = map[string]struct {
	machine     elf.Machine
	exit, pause []byte
}{
	"amd64": {
		machine: elf.EM_X86_64,
		exit:    []byte{0x31, 0xff, 0xb8, 60, 0, 0, 0, 0x0f, 0x05}, // xor edi,edi; mov eax,60; syscall
		pause:   []byte{0xb8, 34, 0, 0, 0, 0x0f, 0x05, 0xeb, 0xf7}, // mov eax,34; syscall; jmp back
	},
	"arm64": {
		machine: elf.EM_AARCH64,
		exit:    words(0xd2800000, 0xd2800ba8, 0xd4000001), // mov x0,0; mov x8,93; svc 0
		pause: words(0xd2800000, 0xd2800001, 0xd2800002, 0xd2800003, // mov x0..x3,0
			0xd2800928, 0xd4000001, 0x17fffffa), // mov x8,73 (ppoll); svc 0; b back
	},
}

func words(instructions ...uint32) []byte {
	var content []byte
	for _, instruction := range instructions {
		content = binary.LittleEndian.AppendUint32(content, instruction)
	}
	return content
}

// The programs' paths in a root file system.
const (
	exitProgram  = "/exit"
	pauseProgram = "/pause"
)

// writePrograms makes the smallest possible programs, so that the runtime is what is
// measured.
func writePrograms(rootfs string) error {
	own := code[runtime.GOARCH]
	for name, text := range map[string][]byte{exitProgram: own.exit, pauseProgram: own.pause} {
		if err := os.WriteFile(rootfs+name, executable(own.machine, text), 0o755); err != nil {
			return err
		}
	}
	return nil
}

// executable returns a static ELF file with one segment.
func executable(machine elf.Machine, text []byte) []byte {
	const base, headers = 0x400000, 64 + 56
	size := uint64(headers + len(text))
	header := elf.Header64{
		Type: uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
		Entry: base + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
	}
	copy(header.Ident[:], elf.ELFMAG)
	header.Ident[elf.EI_CLASS], header.Ident[elf.EI_DATA] = byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB)
	header.Ident[elf.EI_VERSION] = byte(elf.EV_CURRENT)
	segment := elf.Prog64{
		Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X),
		Vaddr: base, Paddr: base, Filesz: size, Memsz: size, Align: 0x10000,
	}
	var content bytes.Buffer
	for _, part := range []any{header, segment, text} {
		if err := binary.Write(&content, binary.LittleEndian, part); err != nil {
			panic(err) // a struct of fixed size is always written to memory
		}
	}
	return content.Bytes()
}
