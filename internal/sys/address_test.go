package sys

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

func address(bytes []byte) uintptr        { return uintptr(unsafe.Pointer(&bytes[0])) }
func addressOf(stat *unix.Stat_t) uintptr { return uintptr(unsafe.Pointer(stat)) }
