package harness

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"os"
	"testing"
)

// DynamicProgram writes a program for a machine that names a dynamic linker and contains
// nothing else.
func DynamicProgram(t testing.TB, name, linker string, machine elf.Machine) {
	t.Helper()
	const loadAddress, headers = 0x400000, 64 + 2*56 // an ELF header, two program headers
	linker += "\x00"
	size := uint64(headers + len(linker))
	var file bytes.Buffer
	for _, part := range []any{
		elf.Header64{
			Ident: [elf.EI_NIDENT]byte{0x7f, 'E', 'L', 'F', byte(elf.ELFCLASS64), byte(elf.ELFDATA2LSB), byte(elf.EV_CURRENT)},
			Type:  uint16(elf.ET_EXEC), Machine: uint16(machine), Version: uint32(elf.EV_CURRENT),
			Entry: loadAddress, Phoff: 64, Ehsize: 64, Phentsize: 56, Phnum: 2,
		},
		elf.Prog64{Type: uint32(elf.PT_INTERP), Flags: uint32(elf.PF_R), Off: headers, Filesz: uint64(len(linker)), Memsz: uint64(len(linker)), Align: 1},
		elf.Prog64{Type: uint32(elf.PT_LOAD), Flags: uint32(elf.PF_R | elf.PF_X), Vaddr: loadAddress, Paddr: loadAddress, Filesz: size, Memsz: size, Align: 0x1000},
		[]byte(linker),
	} {
		must(t, binary.Write(&file, binary.LittleEndian, part))
	}
	must(t, os.WriteFile(name, file.Bytes(), 0o755))
}
