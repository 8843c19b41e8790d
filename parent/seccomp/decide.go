package seccomp

import (
	"math"
	"runtime"

	"golang.org/x/sys/unix"
)

// Lets reports whether the filter lets through a system call of the machine's own
// architecture, given its number and assuming that all arguments are zero. A call that is
// traced or handed to a listener does not count as let through.
func (f *Filter) Lets(number uint32) bool {
	switch f.decide(number) & unix.SECCOMP_RET_ACTION_FULL {
	case unix.SECCOMP_RET_ALLOW, unix.SECCOMP_RET_LOG:
		return true
	}
	return false
}

// noAction is not an action of the kernel.
const noAction = math.MaxUint32

// decide runs the filter. It supports the opcodes that the compiler emits.
func (f *Filter) decide(number uint32) uint32 {
	native, err := machineFor(runtime.GOARCH)
	if err != nil {
		return noAction // no filter is compiled for such a machine
	}
	var accumulator uint32
	for at := 0; at < len(f.Instructions); at++ {
		one := f.Instructions[at]
		holds := false
		switch one.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			accumulator = 0
			switch one.K {
			case offsetNumber:
				accumulator = number
			case offsetArchitecture:
				accumulator = native.native().audit
			}
			continue
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			accumulator &= one.K
			continue
		case unix.BPF_RET | unix.BPF_K:
			return one.K
		case unix.BPF_JMP | unix.BPF_JA:
			at += int(one.K)
			continue
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			holds = accumulator == one.K
		case unix.BPF_JMP | unix.BPF_JGT | unix.BPF_K:
			holds = accumulator > one.K
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			holds = accumulator >= one.K
		case unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K:
			holds = accumulator&one.K != 0
		default:
			return noAction
		}
		if holds {
			at += int(one.JT)
		} else {
			at += int(one.JF)
		}
	}
	return noAction
}
