package supervise

import "golang.org/x/sys/unix"

// passingHere are passing calls of this architecture only.
var passingHere = []uint32{unix.SYS_ARCH_PRCTL}
