package handoff

import (
	"encoding/binary"
	"os"

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

// refuse returns a filter that answers some system calls with an action, by number only,
// and allows all others.
func refuse(action uint32, numbers ...uintptr) []byte {
	instructions := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS}}
	for _, number := range numbers {
		instructions = append(instructions,
			unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: uint32(number)}, returns(action))
	}
	return assemble(append(instructions, returns(unix.SECCOMP_RET_ALLOW))...)
}

// forbidGreed makes the kernel kill this process if any of its threads makes a thread, a
// process or memory.
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
