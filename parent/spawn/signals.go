package spawn

import (
	"strconv"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// inherited lists the signals that a Go process leaves ignored if its caller had them so,
// as nohup(1) has SIGHUP: those for which the runtime installs no handler, or none over an
// ignored one. CLONE_CLEAR_SIGHAND resets handled ones.
var inherited = []unix.Signal{
	unix.SIGHUP, unix.SIGINT, unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU,
	32, 33, 34, // used by the C library for threads
}

// signalAction is the kernel's struct sigaction: all zero is SIG_DFL.
type signalAction [4]uint64

// signalSet is the kernel's sigset_t.
type signalSet uint64

// resetSignals appends the calls after which every signal has its default effect on the
// program and none is blocked, whatever the caller had set for itself: a container must not
// depend on who creates it.
func resetSignals(program *sys.Program) {
	const size = 8 // of a signalSet
	action := sys.Value(program, signalAction{})
	for _, signal := range inherited {
		program.Must("rt_sigaction", strconv.Itoa(int(signal)), unix.SYS_RT_SIGACTION, uintptr(signal), action, 0, size)
	}
	program.Must("rt_sigprocmask", "", unix.SYS_RT_SIGPROCMASK, unix.SIG_SETMASK, sys.Value(program, signalSet(0)), 0, size)
}
