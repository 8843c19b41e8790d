package sys

import (
	"errors"
	"math"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// idleTime is how long an Idle lives at most: one that was forgotten ends by itself.
const idleTime = 10 * 60 // seconds

// Idle is a process that does nothing but exist. It shares this process's memory and
// executes no program, so it costs no more than a thread. It has no descriptors, and it
// dies when we do.
type Idle struct {
	pid     int
	program *Program // read by the process
	told    *report  // written by the process
}

// NewIdle starts one.
func NewIdle() (*Idle, error) {
	program := &Program{}
	program.Must("prctl", "PR_SET_PDEATHSIG", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	// Otherwise it would keep a file lock, or the end of a pipe, as long as it lives.
	program.Must("close_range", "", unix.SYS_CLOSE_RANGE, 0, math.MaxUint32, 0)
	// The terminal's signals must not reach it.
	program.Must("setsid", "", unix.SYS_SETSID)
	program.May("ppoll", unix.SYS_PPOLL, 0, 0, Value(program, unix.Timespec{Sec: idleTime}), 0, 0)
	arguments := makeCloneArguments(0, -1)
	arguments.flags &^= unix.CLONE_VFORK
	idle := &Idle{program: program, told: new(report)}
	pid, errno := runClone(arguments, unsafe.Sizeof(*arguments), &program.calls[0], uintptr(len(program.calls)), idle.told)
	if errno != 0 {
		return nil, callError(callName{call: "clone3"}, syscall.Errno(errno))
	}
	idle.pid = int(pid)
	return idle, nil
}

// PID is its process ID.
func (i *Idle) PID() int { return i.pid }

// End kills it and waits until it is gone. Ending it twice, or ending nil, is no error.
func (i *Idle) End() error {
	if i == nil || i.pid == 0 {
		return nil
	}
	if err := unix.Kill(i.pid, unix.SIGKILL); err != nil {
		return os.NewSyscallError("kill", err)
	}
	for {
		_, err := unix.Wait4(i.pid, nil, 0, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		i.pid = 0
		runtime.KeepAlive(i.program)
		return os.NewSyscallError("wait4", err)
	}
}
