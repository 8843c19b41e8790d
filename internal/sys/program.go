package sys

import (
	"io/fs"
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Program is a list of system calls that a process carries out by itself, one
// after the other, without the Go runtime: what a clone does between its birth
// and execve. Each call has a name and an object, for errors.
//
// Its memory is kept alive by the Program itself: arguments are addresses, which
// the garbage collector does not follow.
type Program struct {
	calls []call
	names []callName
	keep  []unsafe.Pointer
	alone bool
	last  uintptr
}

type callName struct{ call, object string }

// call is read by assembly: keep its layout.
type call struct {
	number    uintptr
	arguments [6]uintptr
	mode      uintptr
}

// What a call's result means.
const (
	modeMust   = 0 // an error ends the process
	modeMay    = 1 // an error is passed over
	modeBranch = 2 // a positive result ends the process: its clone goes on
)

// Must appends a call that has to succeed.
func (p *Program) Must(name, object string, number uintptr, arguments ...uintptr) {
	p.add(name, object, modeMust, number, arguments)
}

// May appends a call whose failure does not matter.
func (p *Program) May(name string, number uintptr, arguments ...uintptr) {
	p.add(name, "", modeMay, number, arguments)
}

// Alone has the process that carries the program out share no memory with us: it
// gets a copy, which costs more. Only so can it join a time namespace (setns(2),
// EUSERS).
func (p *Program) Alone() { p.alone = true }

func (p *Program) add(name, object string, mode, number uintptr, arguments []uintptr) {
	entry := call{number: number, mode: mode}
	copy(entry.arguments[:], arguments)
	p.calls = append(p.calls, entry)
	p.names = append(p.names, callName{name, object})
}

// String keeps a NUL-terminated copy and returns its address. A NUL inside is
// the caller's mistake, and has been refused by then.
func (p *Program) String(content string) uintptr {
	bytes := make([]byte, len(content)+1)
	copy(bytes, content)
	return p.pin(unsafe.Pointer(&bytes[0]))
}

// Strings keeps a NULL-terminated array of strings, as execve takes it.
func (p *Program) Strings(contents []string) uintptr {
	array := make([]uintptr, len(contents)+1)
	for i, content := range contents {
		array[i] = p.String(content)
	}
	return p.pin(unsafe.Pointer(&array[0]))
}

// Filter keeps a seccomp filter, an array of struct sock_filter, and returns the
// address of the struct sock_fprog that seccomp(2) takes.
func (p *Program) Filter(filter []byte) uintptr {
	const instruction = 8
	program := &unix.SockFprog{
		Len:    uint16(len(filter) / instruction),
		Filter: (*unix.SockFilter)(unsafe.Pointer(&append([]byte(nil), filter...)[0])),
	}
	return p.pin(unsafe.Pointer(program))
}

// Value keeps a copy of a struct that the kernel reads.
func Value[T any](p *Program, content T) uintptr {
	kept := new(T)
	*kept = content
	return p.pin(unsafe.Pointer(kept))
}

// Array keeps a copy of a list that the kernel reads, which is not empty.
func Array[T any](p *Program, content []T) uintptr {
	kept := append([]T(nil), content...)
	return p.pin(unsafe.Pointer(&kept[0]))
}

// pin keeps what pointer points to alive, and on the heap: a pointer that is
// stored escapes.
func (p *Program) pin(pointer unsafe.Pointer) uintptr {
	p.keep = append(p.keep, pointer)
	return uintptr(pointer)
}

// Run carries the program out in this thread, with raw system calls, and returns
// the error of the call that failed. Branch is not for it.
func (p *Program) Run() error {
	for i := range p.calls {
		if errno := p.Call(i); errno != 0 && p.calls[i].mode == modeMust {
			return p.Failure(i, errno)
		}
	}
	return nil
}

// Call makes the call with an index, and no other, in this thread.
func (p *Program) Call(index int) (errno syscall.Errno) {
	call := &p.calls[index]
	p.last, errno = rawCall(call.number, &call.arguments)
	return errno
}

// Failure is the error of the call with an index that the kernel answered with errno.
func (p *Program) Failure(index int, errno syscall.Errno) error {
	return callError(p.names[index], errno)
}

// Result is what the last call that Run or Call made returned.
func (p *Program) Result() uintptr { return p.last }

// callError makes the error of a system call: an *fs.PathError where the call is
// about something, else an *os.SyscallError.
func callError(name callName, errno syscall.Errno) error {
	if name.object == "" {
		return os.NewSyscallError(name.call, errno)
	}
	return &fs.PathError{Op: name.call, Path: name.object, Err: errno}
}

// Names are the calls in their order, each with its object, if it has one.
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
