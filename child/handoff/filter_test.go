package handoff

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// assemble encodes a seccomp filter.
func assemble(instructions ...unix.SockFilter) []byte {
	var bytes []byte
	for _, i := range instructions {
		bytes = binary.NativeEndian.AppendUint16(bytes, i.Code)
		bytes = append(bytes, i.Jt, i.Jf)
		bytes = binary.NativeEndian.AppendUint32(bytes, i.K)
	}
	return bytes
}

func returns(action uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: action}
}

var allowAll = assemble(returns(unix.SECCOMP_RET_ALLOW))

// refuse is a filter that answers some system calls with an action, by their
// numbers alone, and allows all others.
func refuse(action uint32, numbers ...uintptr) []byte {
	instructions := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}
	for _, number := range numbers {
		instructions = append(instructions,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(number)}, returns(action))
	}
	return assemble(append(instructions, returns(unix.SECCOMP_RET_ALLOW))...)
}

// forbidGreed has the kernel kill this process, whichever of its threads it is,
// at what makes a thread, a process or memory.
func forbidGreed() error {
	filter := refuse(unix.SECCOMP_RET_KILL_PROCESS,
		unix.SYS_CLONE, unix.SYS_CLONE3, unix.SYS_MMAP, unix.SYS_MREMAP, unix.SYS_BRK, unix.SYS_MADVISE)
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("prctl", err)
	}
	var program sys.Program
	program.Must("seccomp", "", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, program.Filter(filter))
	return program.Run()
}

// code is a program of few instructions that ends with status 42 and asks the
// kernel for nothing else.
var code = map[string][]byte{
	"amd64": {
		0xb8, 0xe7, 0x00, 0x00, 0x00, // mov $231 (exit_group), %eax
		0xbf, 0x2a, 0x00, 0x00, 0x00, // mov $42, %edi
		0x0f, 0x05, // syscall
	},
	"arm64": {
		0xc8, 0x0b, 0x80, 0xd2, // mov x8, #94 (exit_group)
		0x40, 0x05, 0x80, 0xd2, // mov x0, #42
		0x01, 0x00, 0x00, 0xd4, // svc #0
	},
}

// tiny is an executable file (elf(5)) with that program.
func tiny() ([]byte, error) {
	const base, headers = 0x10000, 64 + 56
	instructions, known := code[runtime.GOARCH]
	if !known {
		return nil, fmt.Errorf("no program for %s", runtime.GOARCH)
	}
	size := uint64(headers + len(instructions))
	machine := map[string]uint16{"amd64": 62, "arm64": 183}[runtime.GOARCH]
	file := []byte("\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00")
	for _, number := range []uint64{2, uint64(machine)} { // an executable, for the machine
		file = binary.LittleEndian.AppendUint16(file, uint16(number))
	}
	file = binary.LittleEndian.AppendUint32(file, 1)
	for _, number := range []uint64{base + headers, 64, 0} { // entry, program headers, no sections
		file = binary.LittleEndian.AppendUint64(file, number)
	}
	file = binary.LittleEndian.AppendUint32(file, 0)
	for _, number := range []uint16{64, 56, 1, 0, 0, 0} {
		file = binary.LittleEndian.AppendUint16(file, number)
	}
	file = binary.LittleEndian.AppendUint32(file, 1)                     // to be loaded
	file = binary.LittleEndian.AppendUint32(file, 5)                     // readable, executable
	for _, number := range []uint64{0, base, base, size, size, 0x1000} { // offset, addresses, sizes, alignment
		file = binary.LittleEndian.AppendUint64(file, number)
	}
	return append(file, instructions...), nil
}
