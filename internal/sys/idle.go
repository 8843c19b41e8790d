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

// Idle is a process that does nothing but be there, for what needs a process. It
// shares this process's memory and executes nothing, so it costs no more than a
// thread; it has no descriptors, and its death follows ours.
type Idle struct {
	pid     int
	program *Program // its instructions
	told    *report  // which it writes
}

// NewIdle makes one.
func NewIdle() (*Idle, error) {
	program := &Program{}
	program.Must("prctl", "PR_SET_PDEATHSIG", unix.SYS_PRCTL, unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL))
	// A lock on a file, or the end of a pipe, would otherwise stay as long as it.
	program.Must("close_range", "", unix.SYS_CLOSE_RANGE, 0, math.MaxUint32, 0)
	// The terminal's signals are not for it.
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

// PID is its process id.
func (i *Idle) PID() int { return i.pid }

// End ends it and waits until it is gone. To end it twice, or none, is no error.
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
