package hooks

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
	"time"
)

var errUnkillable = errors.New("outlived its timeout and does not die of SIGKILL")

// Error says which hook failed and how. Exactly one of Err, Timeout, Signal and
// ExitStatus is set.
type Error struct {
	// Point is the hook point, such as createRuntime.
	Point string
	// Index is the hook's index at that point.
	Index int
	// Path is the hook's program.
	Path string
	// PID is the hook's process ID in the caller's PID namespace, zero if it was never
	// started.
	PID int
	// ExitStatus is a hook's own exit status.
	ExitStatus int
	// Signal ended the hook.
	Signal syscall.Signal
	// Timeout is the timeout that the hook exceeded.
	Timeout time.Duration
	// Err is why the hook could not be started or waited for.
	Err error
	// Stderr is the end of what the hook wrote to its standard error, up to MaxStderr
	// bytes.
	Stderr string
}

// Error returns one line.
func (e *Error) Error() string {
	var line strings.Builder
	fmt.Fprintf(&line, "hook %s[%d] %s", e.Point, e.Index, e.Path)
	if e.PID != 0 {
		fmt.Fprintf(&line, " (pid %d)", e.PID)
	}
	line.WriteString(": ")
	switch {
	case e.Err != nil:
		line.WriteString(e.Err.Error())
	case e.Timeout != 0:
		fmt.Fprintf(&line, "killed after its timeout of %v", e.Timeout)
	case e.Signal != 0:
		fmt.Fprintf(&line, "killed by signal %d (%v)", int(e.Signal), e.Signal)
	default:
		fmt.Fprintf(&line, "exit status %d", e.ExitStatus)
	}
	if stderr := strings.TrimSpace(e.Stderr); stderr != "" {
		fmt.Fprintf(&line, "; stderr ends with %q", stderr)
	}
	return line.String()
}

// Place returns where in config.json the hook is.
func (e *Error) Place() string { return fmt.Sprintf("hooks.%s[%d]", e.Point, e.Index) }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
