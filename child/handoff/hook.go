package handoff

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// tailSize is how much of the end of a hook's standard error is kept, in bytes.
const tailSize = 4 << 10

// pipeSize is a pipe's capacity in bytes (pipe(7)).
const pipeSize = 64 << 10

// hook is a startContainer hook, ready to be run with raw system calls: in the container,
// as the container's user and under its limits.
type hook struct {
	op      *protocol.Hook
	program sys.Program
	output  int // the reading end of its standard error
	writing int // the writing end, ours until the hook has it
	tail    []byte
	chunk   []byte
}

// compileHook prepares the system calls of a hook. Null is the null device, open for
// writing. It becomes the hook's standard output, because the container's belongs to the
// program alone.
func compileHook(op *protocol.Hook, null int) (hook, error) {
	h := hook{op: op, tail: make([]byte, 0, 2*tailSize), chunk: make([]byte, tailSize)}
	input, err := unix.MemfdCreate("state", unix.MFD_CLOEXEC)
	if err != nil {
		return h, os.NewSyscallError("memfd_create", err)
	}
	if _, err := unix.Pwrite(input, op.State, 0); err != nil {
		return h, os.NewSyscallError("pwrite", err)
	}
	var ends [2]int
	if err := unix.Pipe2(ends[:], unix.O_CLOEXEC); err != nil {
		return h, os.NewSyscallError("pipe2", err)
	}
	h.output, h.writing = ends[0], ends[1]
	h.program.Must("setpgid", "", unix.SYS_SETPGID, 0, 0)
	h.program.Must("dup3", "standard input", unix.SYS_DUP3, uintptr(input), 0, 0)
	h.program.Must("dup3", "standard output", unix.SYS_DUP3, uintptr(null), 1, 0)
	h.program.Must("dup3", "standard error", unix.SYS_DUP3, uintptr(h.writing), 2, 0)
	h.program.Must("close_range", "", unix.SYS_CLOSE_RANGE, 3, math.MaxUint32, unix.CLOSE_RANGE_CLOEXEC)
	h.program.Must("execve", op.Path, unix.SYS_EXECVE,
		h.program.String(op.Path), h.program.Strings(op.Arguments), h.program.Strings(op.Environment))
	return h, nil
}

// run runs the hook and waits for it up to its timeout.
func (h *hook) run() *protocol.Fault {
	pid, err := sys.Clone(0, -1, &h.program)
	sys.Raw(unix.SYS_CLOSE, uintptr(h.writing))
	if err != nil {
		return h.fault(err)
	}
	watch, errno := sys.Raw(unix.SYS_PIDFD_OPEN, uintptr(pid), 0)
	if errno != 0 {
		sys.Raw(unix.SYS_KILL, uintptr(-pid), uintptr(unix.SIGKILL))
		sys.WaitFor(pid)
		return h.fault(os.NewSyscallError("pidfd_open", errno))
	}
	ended := h.wait(int(watch))
	if !ended { // it may have left its process group
		sys.Raw(unix.SYS_PIDFD_SEND_SIGNAL, watch, uintptr(unix.SIGKILL), 0, 0)
	}
	// Kill what the hook has left behind in its process group.
	sys.Raw(unix.SYS_KILL, uintptr(-pid), uintptr(unix.SIGKILL))
	status, _ := sys.WaitFor(pid)
	sys.Raw(unix.SYS_CLOSE, watch)
	sys.Raw(unix.SYS_CLOSE, uintptr(h.output))
	switch { // worded as in internal/hooks, which runs all other hooks
	case !ended:
		return h.fault(fmt.Errorf("killed after its timeout of %v%s", h.timeout(), h.said()))
	case status.Signaled():
		return h.fault(fmt.Errorf("killed by signal %d (%v)%s", status.Signal(), status.Signal(), h.said()))
	case status.ExitStatus() != 0:
		return h.fault(fmt.Errorf("exit status %d%s", status.ExitStatus(), h.said()))
	}
	return nil
}

// wait drains standard error until the hook has ended. It returns false if the timeout
// passes first.
func (h *hook) wait(watch int) bool {
	const ends = unix.POLLIN
	descriptors := []unix.PollFd{{Fd: int32(watch), Events: ends}, {Fd: int32(h.output), Events: ends}}
	deadline := time.Now().Add(h.timeout())
	for {
		left := -1
		if h.op.Milliseconds > 0 {
			if left = int(time.Until(deadline).Milliseconds()); left <= 0 {
				return false
			}
		}
		if _, errno := sys.Poll(descriptors, left); errno != 0 && errno != unix.EINTR {
			return false
		}
		if descriptors[1].Revents != 0 && !h.drain() {
			descriptors[1].Fd = -1
		}
		if descriptors[0].Revents != 0 {
			h.rest(descriptors[1:])
			return true
		}
	}
}

// rest keeps the end of what a finished hook wrote. A process that it left behind may go on
// writing, so no more is read than a pipe holds.
func (h *hook) rest(output []unix.PollFd) {
	for range pipeSize / tailSize {
		if ready, errno := sys.Poll(output, 0); errno != unix.EINTR && (ready != 1 || !h.drain()) {
			return
		}
	}
}

// drain keeps the end of what there is to read. It returns false once nothing more can
// follow.
func (h *hook) drain() bool {
	size, errno := sys.Read(h.output, h.chunk)
	if errno != 0 || size == 0 {
		return false
	}
	h.tail = append(h.tail, h.chunk[:size]...)
	if excess := len(h.tail) - tailSize; excess > 0 {
		h.tail = h.tail[:copy(h.tail, h.tail[excess:])]
	}
	return true
}

func (h *hook) timeout() time.Duration { return time.Duration(h.op.Milliseconds) * time.Millisecond }

func (h *hook) said() string {
	stderr := bytes.TrimSpace(h.tail)
	if len(stderr) == 0 {
		return ""
	}
	return fmt.Sprintf("; stderr ends with %q", stderr)
}

func (h *hook) fault(err error) *protocol.Fault {
	fault := protocol.Explain(protocol.CodeHook, fmt.Errorf("hook %s: %w", h.op.Object(), err))
	fault.Path = h.op.At
	if fault.Errno == unix.EAGAIN {
		fault.Hint = "the hook runs under the container's limits: raise linux.resources.pids.limit by one"
	}
	return fault
}
