package sys

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Aside is a process that runs a program concurrently with us, on another processor if
// there is one. It shares our memory and our descriptors but not the Go runtime: no thread
// of ours waits for it, and none is created.
type Aside struct {
	pid     uintptr
	program *Program // read by the process
	told    *report  // written by the process
}

// StartAside starts running the program, which must not contain a Branch. Wait must be
// called.
func StartAside(program *Program) (*Aside, error) {
	arguments := makeCloneArguments(unix.CLONE_FILES, -1)
	arguments.flags &^= unix.CLONE_VFORK // it shares our stack too, but does not touch it
	a := &Aside{program: program, told: new(report)}
	pid, errno := runClone(arguments, unsafe.Sizeof(*arguments), &program.calls[0], uintptr(len(program.calls)), a.told)
	if errno != 0 {
		return nil, callError(callName{call: "clone3"}, syscall.Errno(errno))
	}
	a.pid = pid
	return a, nil
}

// Wait waits for the program to end and returns the result of its last call, or an error if
// a call failed or the process was killed.
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
