package netdev

import (
	"errors"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// patience bounds the wait for an answer. The kernel itself does not wait for anything to
// answer.
const patience = 10 * time.Second

// socket talks to the kernel about one network namespace.
type socket struct {
	descriptor int
	sequence   uint32
	buffer     []byte
}

// open makes a socket in the thread's network namespace.
func open() (*socket, error) {
	descriptor, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_ROUTE)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	limit := unix.NsecToTimeval(patience.Nanoseconds())
	if err := unix.SetsockoptTimeval(descriptor, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit); err != nil {
		unix.Close(descriptor)
		return nil, os.NewSyscallError("setsockopt SO_RCVTIMEO", err)
	}
	return &socket{descriptor: descriptor, buffer: make([]byte, 64<<10)}, nil
}

// openIn makes a socket in another network namespace. It joins that on a separate thread,
// which then ends; the socket stays in the namespace.
func openIn(namespace int) (made *socket, err error) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked, because the thread must not be reused
		if err = unix.Setns(namespace, unix.CLONE_NEWNET); err != nil {
			err = os.NewSyscallError("setns", err)
			return
		}
		made, err = open()
	}()
	<-done
	return made, err
}

func (s *socket) close() { unix.Close(s.descriptor) }

// ask sends a request and returns the messages of the answer. If the kernel refuses, the
// error is just the error number.
func (s *socket) ask(r *request) ([]answer, error) {
	s.sequence++
	if err := unix.Sendto(s.descriptor, r.finish(s.sequence), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		return nil, os.NewSyscallError("sendto", err)
	}
	var all []answer
	for {
		size, _, err := unix.Recvfrom(s.descriptor, s.buffer, 0)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil {
			return nil, os.NewSyscallError("recvfrom", err)
		}
		for _, one := range split(append([]byte(nil), s.buffer[:size]...)) {
			switch {
			case one.sequence != s.sequence:
			case one.kind == unix.NLMSG_DONE:
				return all, nil
			case one.kind == unix.NLMSG_ERROR:
				return all, refusal(one.body)
			default:
				all = append(all, one)
			}
		}
	}
}

// refusal parses struct nlmsgerr; 0 is an acknowledgement.
func refusal(body []byte) error {
	if len(body) < 4 {
		return unix.EBADMSG
	}
	if number := -int32(native.Uint32(body)); number != 0 {
		return unix.Errno(number)
	}
	return nil
}
