package console

import (
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// SendTimeout bounds how long [Send] waits for a console socket's listener.
	SendTimeout = 10 * time.Second

	// MaxName is the longest name in bytes that can be sent with a master. It fits into the
	// PATH_MAX bytes that receivers reserve.
	MaxName = 4095
)

// Send connects to the stream socket at socketPath and sends it the master of a
// pseudoterminal (SCM_RIGHTS of unix(7)), with name as the message's bytes. The caller
// keeps its own descriptor of the master.
//
// The path may have any length, although an address holds only 108 bytes: Send opens the
// path, checks that it is a socket, and connects through /proc/self/fd. An error names the
// path. It is [os.ErrDeadlineExceeded] if the listener has accepted nothing for
// [SendTimeout].
func Send(socketPath string, master int, name string) error {
	return send(socketPath, master, name, time.Now().Add(SendTimeout))
}

func send(socketPath string, master int, name string, deadline time.Time) error {
	if err := checkMaster(master); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	if len(name) == 0 || len(name) > MaxName {
		return fmt.Errorf("console: a name of %d bytes: allowed are 1 to %d", len(name), MaxName)
	}
	if err := deliver(socketPath, master, name, deadline); err != nil {
		return fmt.Errorf("console socket %q: %w", socketPath, err)
	}
	return nil
}

// SendPIDFD sends a process's pidfd (pidfd_open(2)) to the stream socket at socketPath, as
// [Send] sends a master.
func SendPIDFD(socketPath string, pidfd int) error {
	if err := deliver(socketPath, pidfd, "pidfd", time.Now().Add(SendTimeout)); err != nil {
		return fmt.Errorf("pidfd socket %q: %w", socketPath, err)
	}
	return nil
}

// Connect connects to the stream socket at socketPath, as [Send] does, and returns the
// connection. The error is [os.ErrDeadlineExceeded] if the listener has accepted nothing
// for [SendTimeout].
func Connect(socketPath string) (int, error) {
	return connect(socketPath, time.Now().Add(SendTimeout))
}

func connect(socketPath string, deadline time.Time) (int, error) {
	listener, err := openSocket(socketPath)
	if err != nil {
		return -1, err
	}
	defer unix.Close(listener)
	connection, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	address := &unix.SockaddrUnix{Name: fmt.Sprintf("/proc/self/fd/%d", listener)}
	err = within(deadline, connection, func() error { return unix.Connect(connection, address) })
	if err == nil { // the timeout was only for connecting
		err = unix.SetsockoptTimeval(connection, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &unix.Timeval{})
	}
	if err != nil {
		unix.Close(connection)
		return -1, refusal("connect", err)
	}
	return connection, nil
}

func deliver(socketPath string, descriptor int, name string, deadline time.Time) error {
	connection, err := connect(socketPath, deadline)
	if err != nil {
		return err
	}
	defer unix.Close(connection)
	rights := unix.UnixRights(descriptor)
	err = within(deadline, connection, func() error {
		return unix.Sendmsg(connection, []byte(name), rights, nil, unix.MSG_NOSIGNAL)
	})
	if err != nil {
		return refusal("sendmsg", err)
	}
	return nil
}

// openSocket opens path for use as an address only (O_PATH).
func openSocket(path string) (int, error) {
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, os.NewSyscallError("open", err)
	}
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		unix.Close(fd)
		return -1, os.NewSyscallError("fstat", err)
	}
	if status.Mode&unix.S_IFMT != unix.S_IFSOCK {
		unix.Close(fd)
		return -1, errors.New("it is not a socket")
	}
	return fd, nil
}

// within makes a call that SO_SNDTIMEO bounds (socket(7)): connect waits while the
// listener's queue is full, sendmsg while its buffer is. With that option set, the kernel
// does not restart calls after a signal, so within does, with the remaining time.
func within(deadline time.Time, socket int, call func() error) error {
	for {
		left := time.Until(deadline)
		if left <= 0 {
			return unix.EAGAIN
		}
		// Zero would mean forever.
		timeout := unix.NsecToTimeval(int64(left + time.Microsecond))
		if err := unix.SetsockoptTimeval(socket, unix.SOL_SOCKET, unix.SO_SNDTIMEO, &timeout); err != nil {
			return err
		}
		if err := call(); !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// refusals explains errors of connect and sendmsg on a console socket.
var refusals = map[error]string{
	unix.ECONNREFUSED: "nobody listens on it",
	unix.EPROTOTYPE:   "it is not a stream socket",
	unix.EPIPE:        "its listener closed the connection",
	unix.ECONNRESET:   "its listener closed the connection",
}

func refusal(call string, err error) error {
	if errors.Is(err, unix.EAGAIN) {
		return fmt.Errorf("%s: its listener is not accepting: %w", call, os.ErrDeadlineExceeded)
	}
	if words, known := refusals[err]; known {
		return fmt.Errorf("%s: %s: %w", call, words, err)
	}
	return os.NewSyscallError(call, err)
}
