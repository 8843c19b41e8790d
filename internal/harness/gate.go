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

// A Gate stops a process that walks a machine at each of its steps, until it is let
// through.
type Gate struct {
	socket int
	other  *os.File // the process's end, to be inherited
}

// NewGate makes a gate.
func NewGate(t testing.TB) *Gate {
	t.Helper()
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	must(t, err)
	// Its credentials say who has stopped, in our PID namespace.
	must(t, unix.SetsockoptInt(pair[0], unix.SOL_SOCKET, unix.SO_PASSCRED, 1))
	gate := &Gate{socket: pair[0], other: os.NewFile(uintptr(pair[1]), "gate")}
	t.Cleanup(gate.Close)
	return gate
}

// File is the descriptor for the process to inherit. Afterwards, Inherited must be called,
// or the process's end would go unnoticed.
func (g *Gate) File() *os.File { return g.other }

// Inherited says that the process has the descriptor.
func (g *Gate) Inherited() { g.other.Close() }

// Close removes the gate: a process that is waiting at it continues.
func (g *Gate) Close() {
	g.other.Close()
	if g.socket >= 0 {
		unix.Close(g.socket)
		g.socket = -1
	}
}

// Stop is a process waiting at its gate.
type Stop struct {
	Step string
	PID  int
}

// Next waits for the process's next step. It returns io.EOF once there is no process.
func (g *Gate) Next() (Stop, error) {
	data, control := make([]byte, 256), make([]byte, unix.CmsgSpace(unix.SizeofUcred))
	for {
		size, controlSize, _, _, err := unix.Recvmsg(g.socket, data, control, 0)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.ECONNRESET):
			continue // a reset is reported once, ahead of what can still be read
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

// Pass lets the process continue. If it has died in the meantime, that does nothing.
func (g *Gate) Pass() {
	_ = unix.Sendto(g.socket, []byte{1}, unix.MSG_NOSIGNAL, nil)
}

// IsGate reports whether a descriptor is the process's end of a gate.
func IsGate(descriptor int) bool {
	kind, err := unix.GetsockoptInt(descriptor, unix.SOL_SOCKET, unix.SO_TYPE)
	return err == nil && kind == unix.SOCK_SEQPACKET
}

// Halt observes a machine's steps in its own process, and waits at the gate at each of
// them.
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

// StepName returns a step's name for tests: the row and the state that it enters, or the
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
