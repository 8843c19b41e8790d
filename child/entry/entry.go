// Package entry starts the child among processes that may look into any other: those
// that have CAP_SYS_PTRACE over our own user namespace, and see the child as soon as
// it is in their PID namespace.
//
// Nothing keeps them out, so nothing is there to be found. A process that they do not
// see, which executes the sealed binary, joins the mount namespace and gives up every
// descriptor of the host's; a copy of it is the first that they see. It has the
// container's root, the sealed binary, and memory that it shares with nobody.
package entry

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// Main starts the child and does not return. It is called on the process's main
// thread, the only one that it has joined namespaces with. What it reports is the
// child's process id, or why there is none.
func Main(arguments []string) {
	socket, err := strconv.Atoi(arguments[len(arguments)-1])
	if err != nil {
		os.Exit(1)
	}
	pid, err := start(socket)
	said := strconv.Itoa(pid)
	if err != nil {
		said = err.Error()
	}
	if _, err := unix.Write(protocol.EntryReport.After(socket), []byte(said)); err != nil {
		os.Exit(1)
	}
	os.Exit(0)
}

// start leaves the child's socket, and what is below it, to the child.
func start(socket int) (pid int, err error) {
	report, mount, processes := protocol.EntryReport.After(socket), protocol.EntryMount.After(socket), protocol.EntryPID.After(socket)
	for _, descriptor := range []int{report, mount, processes} {
		unix.CloseOnExec(descriptor)
	}
	// While /proc is still the host's.
	binary, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: "/proc/self/exe", Err: err}
	}
	var join sys.Program
	// The child takes what it is born with for its caller's (M-TRAN-15).
	join.May("prctl", unix.SYS_PRCTL, unix.PR_SET_TIMERSLACK, 0)
	// The runtime's other threads keep the host's root; the clone has this thread's.
	join.Must("unshare", "CLONE_FS", unix.SYS_UNSHARE, unix.CLONE_FS)
	join.Must("setns", "the container's mount namespace", unix.SYS_SETNS, uintptr(mount), unix.CLONE_NEWNS)
	join.Must("setns", "the container's PID namespace", unix.SYS_SETNS, uintptr(processes), unix.CLONE_NEWPID)
	if err := errors.Join(join.Run(), unix.Close(mount), unix.Close(processes)); err != nil {
		return 0, err
	}
	var child sys.Program
	child.Must("setsid", "", unix.SYS_SETSID)
	child.Must("execveat", "the runtime's binary", unix.SYS_EXECVEAT, uintptr(binary), child.String(""),
		child.Strings([]string{protocol.ChildName, strconv.Itoa(socket)}), child.Strings(os.Environ()), unix.AT_EMPTY_PATH)
	if pid, err = sys.CloneSibling(&child); err != nil {
		return 0, fmt.Errorf("the child in the container's namespaces: %w", err)
	}
	return pid, nil
}
