// Package boot is what fsrun does before the Go runtime begins, which takes half the time of
// a start.
//
// A program that imports it and is linked with Link begins at the entry in this
// package's assembly, and from there goes on to the runtime's own. Of a runtime that
// is to live for milliseconds it asks for four things that can be asked for only now:
//
//   - its monitor looks for work less often: that thread inherits the timer slack of the
//     one that makes it (prctl(2), PR_SET_TIMERSLACK);
//   - it begins with one processor, and so makes two threads less: fsrun does one thing
//     after the other;
//   - nothing samples its allocations (runtime.MemProfileRate). The linker turns that off
//     where no profile is written, but the runtime, on its way to notice, takes one
//     sample: a table of 1.4 MB, and a walk of the stack;
//   - its code and constants are mapped at once (madvise(2), MADV_POPULATE_READ), and
//     not piece by piece, with a page fault for each. Most of the pieces are needed, and
//     they are in the page cache.
//
// Without Link the program begins like any other, and is slower.
package boot

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"

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
)

// samplingRate is what the entry sets to zero: assembly must not name it.
var samplingRate = &runtime.MemProfileRate

// Go itself has no use for them.
var (
	_ = [...]int64{prctl, setSlack, monitorSlack, madvise, populate}
	_ = samplingRate
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
