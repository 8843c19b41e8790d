package transport

import (
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timeout is a socket's SO_RCVTIMEO or SO_SNDTIMEO and its current value, which is unknown
// while an earlier owner may have set it.
type timeout struct {
	option int
	name   string
	set    time.Duration
}

const unknown = -1

// repeat makes a blocking call until it succeeds or fails for a reason other than a signal,
// for at most wait, or forever if wait is 0. When the time is up it returns EAGAIN.
//
// With such an option set, the kernel does not restart calls on the socket, and the Go
// runtime receives signals of its own (signal(7)). So the time left must be tracked:
// otherwise frequent signals could postpone the timeout forever.
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
