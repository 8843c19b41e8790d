package harness

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"runtime"
	"testing"
)

// tiny holds programs of a few instructions, for one architecture.
type tiny struct {
	machine elf.Machine
	exit    []byte // exit_group(0)
	pause   []byte // ppoll(NULL, 0, NULL, NULL, 0), repeatedly
}

var tinyPrograms = map[string]tiny{
	"amd64": {elf.EM_X86_64, []byte{
		0xb8, 0xe7, 0, 0, 0, // mov eax, 231
		0x31, 0xff, // xor edi, edi
		0x0f, 0x05, // syscall
	}, []byte{
		0x31, 0xff, // xor edi, edi
		0x31, 0xf6, // xor esi, esi
		0x31, 0xd2, // xor edx, edx
		0x4d, 0x31, 0xd2, // xor r10, r10
		0x4d, 0x31, 0xc0, // xor r8, r8
		0xb8, 0x0f, 0x01, 0, 0, // mov eax, 271
		0x0f, 0x05, // syscall
		0xeb, 0xeb, // jmp to the beginning
	}},
	"arm64": {elf.EM_AARCH64, []byte{
		0xc8, 0x0b, 0x80, 0xd2, // mov x8, 94
		0, 0, 0x80, 0xd2, // mov x0, 0
		0x01, 0, 0, 0xd4, // svc 0
	}, []byte{
		0, 0, 0x80, 0xd2, // mov x0, 0
		0x01, 0, 0x80, 0xd2, // mov x1, 0
		0x02, 0, 0x80, 0xd2, // mov x2, 0
		0x03, 0, 0x80, 0xd2, // mov x3, 0
		0x04, 0, 0x80, 0xd2, // mov x4, 0
		0x28, 0x09, 0x80, 0xd2, // mov x8, 73
		0x01, 0, 0, 0xd4, // svc 0
		0xf9, 0xff, 0xff, 0x17, // b to the beginning
	}},
}

// loadAddress is the address of the program's only page.
const loadAddress = 0x400000

// ExitProgram writes a program that needs next to nothing: no system call except
// exit_group(2), no stack, one page.
func ExitProgram(t testing.TB, name string) {
	t.Helper()
	writeTiny(t, name, func(program tiny) []byte { return program.exit })
}

// PauseProgram writes one that needs as little but never ends.
func PauseProgram(t testing.TB, name string) {
	t.Helper()
	writeTiny(t, name, func(program tiny) []byte { return program.pause })
}

func writeTiny(t testing.TB, name string, which func(tiny) []byte) {
	t.Helper()
	program, known := tinyPrograms[runtime.GOARCH]
	if !known {
		t.Fatalf("no program for %s", runtime.GOARCH)
	}
	code := which(program)
	const headers = 64 + 56 // an ELF header, a program header
	size := uint64(headers + len(code))
	var file bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(program.machine), Version: uint32(elf.EV_CURRENT),
			Entry: loadAddress + headers, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 1,
		},
		elf.Prog64{
			Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: loadAddress, Paddr: loadAddress,
			Filesz: size, Memsz: size, Align: 0x1000,
		},
		code,
	} {
		must(t, binary.Write(&file, binary.LittleEndian, part))
	}
	must(t, os.WriteFile(name, file.Bytes(), 0o755))
}
