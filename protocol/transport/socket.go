// Package transport carries frames: over a SOCK_SEQPACKET socket between two
// processes, or in memory between two machines of one test (SPEC.md,
// "Transport").
package transport

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// sendTimeout bounds how long a peer may leave frames unread (SPEC.md,
// "Transport").
const sendTimeout = 30 * time.Second

// Socket is one end of a connected SOCK_SEQPACKET socket. It is not safe for
// concurrent use.
type Socket struct {
	descriptor int
	patience   time.Duration // how long the peer may leave frames unread
	sending    timeout
	receiving  timeout
	data       []byte
	control    []byte
}

// NewSocket takes ownership of a connected, blocking socket.
func NewSocket(descriptor int) (*Socket, error) { return newSocket(descriptor, sendTimeout) }

func newSocket(descriptor int, patience time.Duration) (*Socket, error) {
	socket := &Socket{
		descriptor: descriptor,
		patience:   patience,
		sending:    timeout{option: unix.SO_SNDTIMEO, name: "SO_SNDTIMEO", set: unknown},
		receiving:  timeout{option: unix.SO_RCVTIMEO, name: "SO_RCVTIMEO", set: unknown},
		data:       make([]byte, protocol.MaxFrame+1),
		control:    make([]byte, unix.CmsgSpace(4*protocol.MaxDescriptors)),
	}
	for _, timeout := range []*timeout{&socket.sending, &socket.receiving} {
		if err := timeout.apply(descriptor, 0); err != nil {
			return nil, err
		}
	}
	return socket, nil
}

// Connected returns a connected pair of sockets, both close-on-exec.
func Connected() (ours, theirs int, err error) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, -1, os.NewSyscallError("socketpair", err)
	}
	for _, end := range pair {
		// The system's default may have been lowered; a frame must fit into one message.
		if err := unix.SetsockoptInt(end, unix.SOL_SOCKET, unix.SO_SNDBUF, 2*protocol.MaxFrame); err != nil {
			unix.Close(pair[0])
			unix.Close(pair[1])
			return -1, -1, os.NewSyscallError("setsockopt SO_SNDBUF", err)
		}
	}
	return pair[0], pair[1], nil
}

// Descriptor is the socket's own, for the child's handoff.
func (s *Socket) Descriptor() int { return s.descriptor }

// Close closes the socket. The peer sees EOF.
func (s *Socket) Close() error { return unix.Close(s.descriptor) }

// Send implements machine.Channel.
func (s *Socket) Send(data []byte, descriptors []int) error {
	var rights []byte
	if len(descriptors) > 0 {
		rights = unix.UnixRights(descriptors...)
	}
	err := s.sending.repeat(s.descriptor, s.patience, func() error {
		return unix.Sendmsg(s.descriptor, data, rights, nil, unix.MSG_NOSIGNAL)
	})
	switch {
	case err == nil:
		return nil
	case errors.Is(err, unix.EPIPE), errors.Is(err, unix.ECONNRESET), errors.Is(err, unix.ENOTCONN):
		return io.ErrClosedPipe
	case errors.Is(err, unix.EAGAIN):
		return fmt.Errorf("the peer left frames unread for %s", s.patience)
	}
	return os.NewSyscallError("sendmsg", err)
}

// Receive implements machine.Channel.
func (s *Socket) Receive(wait time.Duration) ([]byte, []int, error) {
	var size, controlSize, flags int
	receive := func() (err error) {
		size, controlSize, flags, _, err = unix.Recvmsg(s.descriptor, s.data, s.control, unix.MSG_CMSG_CLOEXEC)
		return err
	}
	err := s.receiving.repeat(s.descriptor, wait, receive)
	if errors.Is(err, unix.ECONNRESET) {
		// The peer closed its end before it had read all our frames. The kernel reports
		// this once, ahead of what the peer had sent, which may be the Fault that explains
		// it.
		err = s.receiving.repeat(s.descriptor, wait, receive)
	}
	switch {
	case errors.Is(err, unix.EAGAIN):
		return nil, nil, os.ErrDeadlineExceeded
	case errors.Is(err, unix.ECONNRESET):
		return nil, nil, io.EOF
	case err != nil:
		return nil, nil, os.NewSyscallError("recvmsg", err)
	}
	descriptors, err := rights(s.control[:controlSize])
	if err == nil && flags&(unix.MSG_TRUNC|unix.MSG_CTRUNC) != 0 {
		err = &protocol.Malformed{Offset: size, Reason: "truncated by the transport: frame or descriptors exceed their limits"}
	}
	if err != nil {
		s.Discard(descriptors)
		return nil, nil, err
	}
	if size == 0 {
		s.Discard(descriptors)
		return nil, nil, io.EOF
	}
	return s.data[:size], descriptors, nil
}

// Discard implements machine.Channel.
func (s *Socket) Discard(descriptors []int) {
	for _, descriptor := range descriptors {
		unix.Close(descriptor)
	}
}

// rights returns the descriptors in control messages. It refuses anything other than
// SCM_RIGHTS, but even then returns the descriptors it found.
func rights(control []byte) (descriptors []int, err error) {
	if len(control) == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil {
		return nil, &protocol.Malformed{Reason: "control messages: " + err.Error()}
	}
	for i := range messages {
		some, refused := unix.ParseUnixRights(&messages[i])
		if refused != nil {
			err = &protocol.Malformed{Reason: "a control message other than SCM_RIGHTS"}
		}
		descriptors = append(descriptors, some...)
	}
	return descriptors, err
}
