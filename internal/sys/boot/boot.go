// Package boot is what fsrun does before the Go runtime begins, which takes half the time of
// a start.
//
// A program that imports it and is linked with Link begins at the entry in this package's
// assembly, which then jumps to the runtime's own. For a runtime that will live only for
// milliseconds, the entry arranges five things that cannot be arranged later:
//
//   - The runtime's monitor thread wakes less often: it inherits the timer slack of the
//     thread that creates it (prctl(2), PR_SET_TIMERSLACK).
//   - The runtime begins with one processor, and so creates two threads fewer: fsrun does
//     one thing at a time.
//   - Allocations are not sampled (runtime.MemProfileRate). The linker turns that off in a
//     program that writes no profile, but before the runtime notices it takes one sample:
//     a table of 1.4 MB, and a walk of the stack.
//   - The runtime reads no files. It would look for limits of the processor in the process's
//     cgroup, and for that in the list of all mounts, which the kernel writes line by line,
//     however many the host has. Until package nofile restores the limit, a process may have
//     three files open, so the runtime's opens fail at once, as they may. Three, because it
//     opens /dev/null in place of standard descriptors that are closed.
//   - Its code and constants are mapped at once (madvise(2), MADV_POPULATE_READ) instead of
//     piece by piece, with a page fault for each. Most pieces are needed, and they are in
//     the page cache.
//
// Without Link the program begins like any other, and is slower.
package boot

import (
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys/nofile"
	"github.com/fsrun/fsrun/internal/sys/slack"
	_ "github.com/fsrun/fsrun/internal/sys/stack" // grows the stack before anything is initialized
)

// Link is for the linker (go build -ldflags): where the program begins.
const Link = "-E " + entry

const entry = "fsrun_boot"

// The assembly knows these by name.
const (
	prctl        = unix.SYS_PRCTL
	setSlack     = unix.PR_SET_TIMERSLACK
	monitorSlack = int64(slack.Monitor)
	madvise      = unix.SYS_MADVISE
	populate     = unix.MADV_POPULATE_READ
	getrlimit    = unix.SYS_GETRLIMIT
	setrlimit    = unix.SYS_SETRLIMIT
	openFiles    = unix.RLIMIT_NOFILE
	fewFiles     = 3

	softOffset    = int64(unsafe.Offsetof(nofile.Caller.Soft))
	hardOffset    = int64(unsafe.Offsetof(nofile.Caller.Hard))
	loweredOffset = int64(unsafe.Offsetof(nofile.Caller.Lowered))
)

// samplingRate is what the entry sets to zero: assembly cannot refer to it directly.
var samplingRate = &runtime.MemProfileRate

// callersLimit is where the entry keeps the limit that it lowers.
var callersLimit = &nofile.Caller

// Go itself does not use them.
var (
	_ = [...]int64{prctl, setSlack, monitorSlack, madvise, populate}
	_ = [...]int64{getrlimit, setrlimit, openFiles, fewFiles, softOffset, hardOffset, loweredOffset}
	_ = samplingRate
	_ = callersLimit
)

// The entry appends this to the environment, after any value from the caller: the runtime
// uses the first. No person writes the number like this.
const (
	processors     = "GOMAXPROCS"
	processorCount = "01"
)

// entered is set by the entry.
var entered bool

// Settle must be called first in main: it undoes what was only for the start of the
// runtime, so that nothing started later inherits it.
func Settle() {
	slack.Restore()
	if !entered {
		slack.SlowMonitor()
		return
	}
	if os.Getenv(processors) == processorCount {
		_ = os.Unsetenv(processors) // it fails only for invalid names
	}
}
