// Package entry starts the child among processes that may look into any process of the
// container: those with CAP_SYS_PTRACE in its user namespace, which see the child as soon
// as it is in their PID namespace.
//
// Nothing can keep them out, so there must be nothing to find. The entry is a process that
// they cannot see. It executes the sealed binary, joins the mount namespace and closes
// every descriptor of the host's. The child, the first process that they can see, is a
// clone of it: it has the container's root, the sealed binary, and memory that it shares
// with nobody.
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

// Main starts the child and does not return. It must be called on the process's main
// thread, the only one with which it joins namespaces. It reports the child's process ID,
// or why there is none.
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

// start leaves to the child its socket and the descriptors below it.
func start(socket int) (pid int, err error) {
	report, mount, processes := protocol.EntryReport.After(socket), protocol.EntryMount.After(socket), protocol.EntryPID.After(socket)
	for _, descriptor := range []int{report, mount, processes} {
		unix.CloseOnExec(descriptor)
	}
	// Open it while /proc is still the host's.
	binary, err := unix.Open("/proc/self/exe", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, &os.PathError{Op: "open", Path: "/proc/self/exe", Err: err}
	}
	var join sys.Program
	// The child takes the timer slack that it starts with for its caller's (M-TRAN-15).
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
