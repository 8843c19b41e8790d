package spawn

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// inherited are the signals that a Go process leaves ignored when its caller had
// them so, as nohup(1) has SIGHUP: those that its runtime installs no handler for,
// or none over an ignored one. Handled ones are reset by CLONE_CLEAR_SIGHAND.
var inherited = []unix.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU,
	32, 33, 34, // of threads, to the C library
}

// signalAction is the kernel's struct sigaction: all zero is SIG_DFL.
type signalAction [4]uint64

// signalSet is the kernel's sigset_t.
type signalSet uint64

// resetSignals appends the calls after which every signal does to the program what
// it does by default, and none is blocked, whatever the caller had arranged for
// itself: a container must not depend on who creates it.
func resetSignals(program *sys.Program) {
	const size = 8 // of a signalSet
	action := sys.Value(program, signalAction{})
	for _, signal := range inherited {
		program.Must("rt_sigaction", strconv.Itoa(int(signal)), unix.SYS_RT_SIGACTION, uintptr(signal), action, 0, size)
	}
	program.Must("rt_sigprocmask", "", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, sys.Value(program, signalSet(0)), 0, size)
}
