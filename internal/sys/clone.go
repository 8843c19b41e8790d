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

// report is where a clone, which shares our memory, reports its result.
type report struct {
	index, errno uintptr // of the call that failed
	branch       uintptr // the process made by Branch
	last         uintptr // the result of the last successful call
}

// shared is common to all clones here: they share our memory, this thread sleeps until they
// execute or exit, and none of the Go runtime's handlers run in them.
const shared = unix.CLONE_VM | unix.CLONE_VFORK | unix.CLONE_CLEAR_SIGHAND

// Branch appends a clone that runs the rest of the program as a child of Clone's caller,
// while the process that made it ends. This makes it possible to set namespaces for
// children (setns(2) with CLONE_NEWPID) and then be in them. The clone is in the cgroup of
// the process that made it. Alone, if used, must be called first.
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
	if flags&unix.CLONE_PARENT == 0 { // otherwise it is the parent's
		arguments.exitSignal = uint64(unix.SIGCHLD)
	}
	if cgroup >= 0 {
		arguments.flags |= unix.CLONE_INTO_CGROUP
		arguments.cgroup = uint64(cgroup)
	}
	return arguments
}

// Clone makes a process with the namespaces in flags (CLONE_NEW*), in the cgroup whose
// directory is open as cgroup (-1 for ours), which runs the program, ending in execve.
// Clone returns after that, with the process that remains; or with an error about the call
// that failed, and no process.
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

// CloneSibling makes a child of our parent that runs the program, with a copy of our memory
// and with only those other resources that belong to this thread. It returns as soon as the
// process exists: our parent sees how the program ends.
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

// sharedReport makes a report for a clone with a copy of our memory, in a page that remains
// shared.
func sharedReport() (told *report, release func(), err error) {
	page, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED|unix.MAP_ANONYMOUS)
	if err != nil {
		return nil, nil, os.NewSyscallError("mmap", err)
	}
	return (*report)(unsafe.Pointer(&page[0])), func() { _ = unix.Munmap(page) }, nil
}

// reap waits for a clone that has ended. It makes a raw call, because the child clones for
// its hooks when it must not be rescheduled.
func reap(pid uintptr) { Raw(unix.SYS_WAIT4, pid, 0, 0, 0) }

// runClone calls clone3; in the clone it makes the calls and does not return.
// Between the two it touches no stack, which the clone shares with us.
//
//go:noescape
func runClone(arguments *cloneArguments, size uintptr, calls *call, count uintptr, told *report) (pid, errno uintptr)
