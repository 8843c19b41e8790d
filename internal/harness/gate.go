package harness

import (
	"errors"
	"fmt"
	"io"
	"os"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol/machine"
)

// A Gate is where a process that walks a machine stops at each of its steps,
// until it is let on.
type Gate struct {
	socket int
	other  *os.File // the process's end, to be inherited
}

// NewGate makes a gate.
func NewGate(t testing.TB) *Gate {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	// Its credentials tell who stops, in our pid namespace.
	must(t, unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
	gate := &Gate{socket: pair[0], other: os.NewFile(uintptr(pair[1]), "gate")}
	t.Cleanup(gate.Close)
	return gate
}

// File is the descriptor that the process inherits. Once it has, Inherited
// closes ours, so that its end is seen.
func (g *Gate) File() *os.File { return g.other }

// Inherited says that the process has got the descriptor.
func (g *Gate) Inherited() { g.other.Close() }

// Close gives the gate up: a process that waits at it goes on.
func (g *Gate) Close() {
	g.other.Close()
	if g.socket >= 0 {
		unix.Close(g.socket)
		g.socket = -1
	}
}

// Stop is a process that waits at its gate.
type Stop struct {
	Step string
	PID  int
}

// Next waits for the process's next step; io.EOF once there is no process.
func (g *Gate) Next() (Stop, error) {
	data, control := make([]byte, 256), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	for {
		size, controlSize, _, _, err := unix.Recvmsg(g.socket, data, control, 0)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNRESET):
			continue // a reset is reported once, before what is still to be read
		case err != nil:
			return Stop{}, os.NewSyscallError("recvmsg", err)
		case size == 0:
			return Stop{}, io.EOF
		}
		messages, err := unix.ParseSocketControlMessage(control[:controlSize])
		if err != nil || len(messages) == 0 {
			return Stop{}, fmt.Errorf("a step without credentials: %w", err)
		}
		who, err := unix.ParseUnixCredentials(&messages[0])
		if err != nil {
			return Stop{}, err
		}
		return Stop{Step: string(data[:size]), PID: int(who.Pid)}, nil
	}
}

// Pass lets the process on. One that has died meanwhile needs none.
func (g *Gate) Pass() {
	_ = unix.Sendto(g.socket, []byte{1}, unix.MSG_NOSIGNAL, nil)
}

// IsGate says whether a descriptor is the process's end of a gate.
func IsGate(descriptor int) bool {
	kind, err := unix.GetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_SEQPACKET
}

// Halt observes a machine's steps from within its process, which waits at the
// gate at each of them.
func Halt(descriptor int) func(machine.Step) {
	return func(step machine.Step) {
		for {
			err := unix.Sendto(descriptor, []byte(StepName(step)), unix.MSG_NOSIGNAL, nil)
			if !errors.Is(err, unix.EINTR) {
				break
			}
		}
		for {
			_, _, err := unix.Recvfrom(descriptor, make([]byte, 1), 0)
			if !errors.Is(err, unix.EINTR) {
				return
			}
		}
	}
}

// StepName is a step as tests name it: the row and the state it enters, or the
// frame.
func StepName(step machine.Step) string {
	switch {
	case step.Row != nil:
		return fmt.Sprintf("%s %s", step.Row.ID, step.Row.To)
	case step.Sent:
		return fmt.Sprintf("sent %s", step.Frame.Kind())
	}
	return fmt.Sprintf("received %s", step.Frame.Kind())
}
