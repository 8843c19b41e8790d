package sys

import (
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys/slack"
)

// cloneArguments is struct clone_args of clone3(2).
type cloneArguments struct {
	flags, pidfd, childTID, parentTID, exitSignal uint64
	stack, stackSize, tls, setTID, setTIDSize     uint64
	cgroup                                        uint64
}

// report is where a clone, which shares our memory, says what became of it.
type report struct {
	index, errno uintptr // of the call that failed
	branch       uintptr // the process made by a Branch
	last         uintptr // what the last call that succeeded returned
}

// shared is what every clone here has: it borrows our memory, and this thread
// sleeps, until it executes or exits; and no handler of the Go runtime's runs in
// it.
const shared = unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_CLEAR_SIGHAND

// Branch appends a clone that carries out the rest of the program, as a child of
// the caller of Clone, while the process that made it ends: so one can set
// namespaces for children (setns(2) with CLONE_NEWPID) and be in them. It is in the
// cgroup of the process that made it. Alone, if it is called, comes before.
func (p *Program) Branch(flags uint64) {
	arguments := makeCloneArguments(flags|unix.CLONE_PARENT, -1)
	if p.alone {
		arguments.flags &^= unix.CLONE_VM
	}
	size := unsafe.Sizeof(*arguments)
	p.add("clone3", "", modeBranch, unix.SYS_CLONE3, []uintptr{p.pin(unsafe.Pointer(arguments)), size})
}

func makeCloneArguments(flags uint64, cgroup int) *cloneArguments {
	arguments := &cloneArguments{flags: flags | shared}
	if flags&unix.CLONE_PARENT == 0 { // else it is the parent's
		arguments.exitSignal = uint64(unix.SIGCHLD)
	}
	if cgroup >= 0 {
		arguments.flags |= unix.CLONE_INTO_CGROUP
		arguments.cgroup = uint64(cgroup)
	}
	return arguments
}

// Clone makes a process with the namespaces that flags (CLONE_NEW*) ask for, in
// the cgroup whose directory is open as cgroup (-1: ours), and has it carry the
// program out, which ends in execve. It returns when that has happened, with the
// process that remains; or with the call that failed, and no process.
func Clone(flags uint64, cgroup int, program *Program) (pid int, err error) {
	arguments := makeCloneArguments(flags, cgroup)
	told := new(report)
	if program.alone {
		arguments.flags &^= unix.CLONE_VM
		var release func()
		if told, release, err = sharedReport(); err != nil {
			return 0, err
		}
		defer release()
	}
	slack.Give()
	first, errno := runClone(arguments, unsafe.Sizeof(*arguments), &program.calls[0], uintptr(len(program.calls)), told)
	runtime.KeepAlive(program)
	if errno != 0 {
		return 0, callError(callName{call: "clone3"}, syscall.Errno(errno))
	}
	if told.errno != 0 {
		reap(first)
		if told.branch != 0 {
			reap(told.branch)
		}
		return 0, callError(program.names[told.index], syscall.Errno(told.errno))
	}
	if told.branch != 0 {
		reap(first)
		return int(told.branch), nil
	}
	return int(first), nil
}

// CloneSibling makes a child of our parent's that carries the program out, with a copy
// of our memory and of nothing that this thread does not have. It returns as soon as
// the process is there: how the program ends is seen by whom it was made for.
func CloneSibling(program *Program) (pid int, err error) {
	arguments := makeCloneArguments(unix.CLONE_PARENT, -1)
	arguments.flags &^= unix.CLONE_VM | unix.CLONE_VFORK
	first, errno := runClone(arguments, unsafe.Sizeof(*arguments), &program.calls[0], uintptr(len(program.calls)), new(report))
	runtime.KeepAlive(program)
	if errno != 0 {
		return 0, callError(callName{call: "clone3"}, syscall.Errno(errno))
	}
	return int(first), nil
}

// sharedReport is a report for a clone that has a copy of our memory: in a page
// that stays shared.
func sharedReport() (told *report, release func(), err error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return (*report)(unsafe.Pointer(&page[0])), func() { _ = unix.Munmap(page) }, nil
}

// reap waits for a clone that has ended. The call is raw, since the child makes
// clones, for its hooks, when it may not be scheduled.
func reap(pid uintptr) { Raw(unix.SYS_WAIT4, pid, 0, 0, 0) }

// runClone calls clone3; in the clone it makes the calls and does not return.
// Between the two it touches no stack, which the clone shares with us.
//
//go:noescape
func runClone(arguments *cloneArguments, size uintptr, calls *call, count uintptr, told *report) (pid, errno uintptr)
