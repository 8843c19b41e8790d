package sys

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Aside is a process that carries a program out beside us, on another processor if
// there is one. It has our memory and our descriptors, and nothing of the Go
// runtime's: no thread of ours waits for it, and none is made.
type Aside struct {
	pid     uintptr
	program *Program // which it reads
	told    *report  // which it writes
}

// StartAside begins to carry out the program, in which Branch has no place. Wait has to
// be called.
func StartAside(program *Program) (*Aside, error) {
	arguments := makeCloneArguments(unix.CLONE_FILES, -1)
	arguments.flags &^= unix.CLONE_VFORK // it has our stack, too, and touches none
	a := &Aside{program: program, told: new(report)}
	pid, errno := runClone(arguments, unsafe.Sizeof(*arguments), &program.calls[0], uintptr(len(program.calls)), a.told)
	if errno != 0 {
		return nil, callError(callName{call: "clone3"}, syscall.Errno(errno))
	}
	a.pid = pid
	return a, nil
}

// Wait waits for the program's end and returns what its last call did, or an error if a
// call failed or a signal came first.
func (a *Aside) Wait() (uintptr, error) {
	status, errno := WaitFor(int(a.pid))
	runtime.KeepAlive(a.program)
	switch {
	case errno != 0:
		return 0, callError(callName{call: "wait4"}, errno)
	case !status.Exited():
		return 0, fmt.Errorf("process %d that works for this one was ended: %s", a.pid, unix.SignalName(status.Signal()))
	case a.told.errno != 0:
		return 0, callError(a.program.names[a.told.index], syscall.Errno(a.told.errno))
	}
	return a.told.last, nil
}
