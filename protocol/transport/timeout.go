package transport

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timeout is SO_RCVTIMEO or SO_SNDTIMEO of a socket, and what it is set to;
// unknown as long as an earlier owner may have set it.
type timeout struct {
	option int
	name   string
	set    time.Duration
}

const unknown = -1

// repeat makes a blocking call until it succeeds or fails for another reason than
// a signal, for at most wait, or for ever if that is 0. A passed limit is EAGAIN.
//
// The kernel restarts no call on a socket with such an option set, and the Go
// runtime gets signals of its own (signal(7)): without an account of what is left,
// signals that come often enough would put the limit off for ever.
func (t *timeout) repeat(descriptor int, wait time.Duration, call func() error) error {
	limit := time.Now().Add(wait)
	for left := wait; ; {
		if err := t.apply(descriptor, left); err != nil {
			return err
		}
		if err := call(); err != syscall.EINTR { //nolint:errorlint // x/sys returns the bare errno
			return err
		}
		if wait == 0 {
			continue
		}
		if left = time.Until(limit); left <= 0 {
			return syscall.EAGAIN
		}
	}
}

func (t *timeout) apply(descriptor int, wait time.Duration) error {
	if wait == t.set {
		return nil
	}
	limit := unix.NsecToTimeval(wait.Nanoseconds())
	if err := unix.SetsockoptTimeval(descriptor, unix.SOL_SOCKET, t.option, &limit); err != nil {
		return os.NewSyscallError("setsockopt "+t.name, err)
	}
	t.set = wait
	return nil
}
