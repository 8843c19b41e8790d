package sys

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// CPU returns the processor that the calling thread runs on (getcpu(2)). It may be moved to
// another at any time.
func CPU() (int, error) {
	var cpu uint32
	if _, _, errno := syscall.RawSyscall(unix.SYS_GETCPU, uintptr(unsafe.Pointer(&cpu)), 0, 0); errno != 0 {
		return 0, errno
	}
	return int(cpu), nil
}
