package child

import (
	"errors"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// patience bounds the wait for what must happen.
const patience = 10 * time.Second

// script is a parent that plays by a script, with the child's runner at the other end.
// Nothing that it plays carries out an operation.
type script struct {
	*testing.T
	channel *transport.Memory
	child   *child
	ended   chan outcome
}

type outcome struct {
	state machine.State
	err   error
}

// begin makes a child wait for Hello.
func begin(t *testing.T) *script {
	t.Helper()
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(dumpable), 0, 0, 0) }) // a child hides itself
	parent, own := transport.Pair(16)
	s := &script{T: t, channel: parent, child: newChild(), ended: make(chan outcome, 1)}
	runner, err := s.child.runner(own, nil)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		state, err := runner.Drive(machine.Begin)
		own.Close()
		s.ended <- outcome{state, err}
	}()
	return s
}

func (s *script) send(frame protocol.Frame, descriptors ...int) {
	s.Helper()
	data, err := protocol.Encode(frame)
	if err == nil {
		err = s.channel.Send(data, descriptors)
	}
	if err != nil {
		s.Fatalf("send %s: %v", frame.Kind(), err)
	}
}

// receive returns the child's next frame, which must be of that kind.
func receive[F protocol.Frame](s *script) F {
	s.Helper()
	data, descriptors, err := s.channel.Receive(patience)
	if err != nil {
		s.Fatalf("receive: %v", err)
	}
	frame, err := protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
	if err != nil {
		s.Fatal(err)
	}
	wanted, is := frame.(F)
	if !is {
		s.Fatalf("the child sent %s %+v", frame.Kind(), frame)
	}
	return wanted
}

// end waits until the child ends or enters the handoff.
func (s *script) end() outcome {
	s.Helper()
	select {
	case ended := <-s.ended:
		return ended
	case <-time.After(patience):
		s.Fatal("the child does not end")
		return outcome{}
	}
}

// fails expects a Fault, and the end of a child that sends nothing more.
func (s *script) fails(code protocol.Code) *protocol.Fault {
	s.Helper()
	fault := receive[*protocol.Fault](s)
	if fault.Code != code {
		s.Errorf("the fault is %s: %v; want %s", fault.Code, fault, code)
	}
	if ended := s.end(); ended.state != childmachine.Dead {
		s.Errorf("the child is in %s", ended.state)
	}
	if data, _, err := s.channel.Receive(patience); err == nil {
		s.Errorf("a frame of %d bytes after the Fault", len(data))
	}
	return fault
}

// greets plays the greeting.
func (s *script) greets(role protocol.Role) {
	s.Helper()
	s.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: role})
	receive[*protocol.Welcome](s)
}

func asFault(t *testing.T, err error) *protocol.Fault {
	t.Helper()
	var fault *protocol.Fault
	if !errors.As(err, &fault) {
		t.Fatalf("error %v is no Fault", err)
	}
	return fault
}
