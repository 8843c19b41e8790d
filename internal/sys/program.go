package sys

import (
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Program is a list of system calls that a process makes one after another without the Go
// runtime: what a clone does between its birth and execve. Each call has a name and an
// object, for errors.
//
// The Program itself keeps the calls' memory alive: their arguments are addresses, which
// the garbage collector does not follow.
type Program struct {
	calls []call
	names []callName
	keep  []unsafe.Pointer
	alone bool
	last  uintptr
}

type callName struct{ call, object string }

// call is read by assembly: do not change its layout.
type call struct {
	number    uintptr
	arguments [6]uintptr
	mode      uintptr
}

// What a call's result means.
const (
	modeMust   = 0 // an error ends the process
	modeMay    = 1 // an error is ignored
	modeBranch = 2 // a positive result ends the process: its clone continues
)

// Must appends a call that must succeed.
func (p *Program) Must(name, object string, number uintptr, arguments ...uintptr) {
	p.add(name, object, modeMust, number, arguments)
}

// May appends a call whose failure does not matter.
func (p *Program) May(name string, number uintptr, arguments ...uintptr) {
	p.add(name, "", modeMay, number, arguments)
}

// Alone makes the process that runs the program get a copy of our memory rather than share
// it, which costs more. A process that shares memory cannot join a time namespace
// (setns(2), EUSERS).
func (p *Program) Alone() { p.alone = true }

func (p *Program) add(name, object string, mode, number uintptr, arguments []uintptr) {
	entry := call{number: number, mode: mode}
	copy(entry.arguments[:], arguments)
	p.calls = append(p.calls, entry)
	p.names = append(p.names, callName{name, object})
}

// String stores a NUL-terminated copy and returns its address. The caller must have refused
// content with a NUL.
func (p *Program) String(content string) uintptr {
	bytes := make([]byte, len(content)+1)
	copy(bytes, content)
	return p.pin(unsafe.Pointer(&bytes[0]))
}

// Strings stores a NULL-terminated array of strings, for execve.
func (p *Program) Strings(contents []string) uintptr {
	array := make([]uintptr, len(contents)+1)
	for i, content := range contents {
		array[i] = p.String(content)
	}
	return p.pin(unsafe.Pointer(&array[0]))
}

// Filter stores a seccomp filter, an array of struct sock_filter, and returns the address
// of a struct sock_fprog for seccomp(2).
func (p *Program) Filter(filter []byte) uintptr {
	const instruction = 8
	program := &unix.SockFprog{
		Len:    uint16(len(filter) / instruction),
		Filter: (*unix.SockFilter)(unsafe.Pointer(&append([]byte(nil), filter...)[0])),
	}
	return p.pin(unsafe.Pointer(program))
}

// Value stores a copy of a struct for the kernel to read.
func Value[T any](p *Program, content T) uintptr {
	kept := new(T)
	*kept = content
	return p.pin(unsafe.Pointer(kept))
}

// Array stores a copy of a list for the kernel to read, which must not be empty.
func Array[T any](p *Program, content []T) uintptr {
	kept := append([]T(nil), content...)
	return p.pin(unsafe.Pointer(&kept[0]))
}

// pin keeps what pointer points to alive, and on the heap: a pointer that is stored
// escapes.
func (p *Program) pin(pointer unsafe.Pointer) uintptr {
	p.keep = append(p.keep, pointer)
	return uintptr(pointer)
}

// Run runs the program in this thread, with raw system calls, and returns the error of the
// call that failed. The program must not contain a Branch.
func (p *Program) Run() error {
	for i := range p.calls {
		if errno := p.Call(i); errno != 0 && p.calls[i].mode == modeMust {
			return p.Failure(i, errno)
		}
	}
	return nil
}

// Call makes only the call with an index, in this thread.
func (p *Program) Call(index int) (errno syscall.Errno) {
	call := &p.calls[index]
	p.last, errno = rawCall(call.number, &call.arguments)
	return errno
}

// Failure returns the error of the call with an index, for which the kernel returned errno.
func (p *Program) Failure(index int, errno syscall.Errno) error {
	return callError(p.names[index], errno)
}

// Result is the result of the last call made by Run or Call.
func (p *Program) Result() uintptr { return p.last }

// callError returns the error of a system call: an *fs.PathError if the call has an object,
// otherwise an *os.SyscallError.
func callError(name callName, errno syscall.Errno) error {
	if name.object == "" {
		return os.NewSyscallError(name.call, errno)
	}
	return &fs.PathError{Op: name.call, Path: name.object, Err: errno}
}

// Names lists the calls in order, each with its object, if it has one.
func (p *Program) Names() []string {
	names := make([]string, len(p.names))
	for i, name := range p.names {
		names[i] = name.call
		if name.object != "" {
			names[i] += " " + name.object
		}
	}
	return names
}
