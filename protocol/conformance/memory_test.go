package conformance_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/conformance"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// memory is a subject that consists only of a table: its effects succeed as the frames say,
// and touch nothing.
type memory struct{ table *machine.Table }

type effects = map[machine.Effect]func(machine.Message) (machine.Event, error)

// memorySession is a handshake with it.
type memorySession struct {
	line        *transport.Memory
	connections chan *transport.Memory
	stop        chan struct{}
	stopped     sync.Once
	executes    chan bool // for a parent: whether its child became the program
	once        sync.Once
	ended       chan conformance.Outcome
	listening   atomic.Bool  // the kit is waiting for the subject
	unheard     atomic.Int32 // frames of the subject that the kit has not read
}

// short is the deadline of a state in which the kit stays silent. It can be this short
// because a deadline passes only while the kit is waiting too (memorySide.Receive).
const short = time.Millisecond

func (m memory) Begin(c *conformance.Case) (conformance.Session, error) {
	ours, theirs := transport.Pair(16)
	s := &memorySession{
		line: ours, connections: make(chan *transport.Memory, 4), stop: make(chan struct{}),
		executes: make(chan bool, 1), ended: make(chan conformance.Outcome, 1),
	}
	walker, err := machine.New(m.table, "")
	if err != nil {
		return nil, err
	}
	side := &memorySide{session: s, line: theirs, deadlines: map[machine.State]time.Duration{}}
	for _, wait := range m.table.Waits {
		side.deadlines[wait.State] = time.Minute
		if c.Silent && (c.Slow || m.table.Name == parent.Table.Name) {
			side.deadlines[wait.State] = short
		}
	}
	runner := &machine.Runner{Machine: walker, Channel: side, Effects: side.child(), Compose: side.compose(), Deadlines: side.deadlines, Observe: side.observe}
	if m.table.Name == parent.Table.Name {
		side.maps = c.Mapped
		runner.Effects = side.parent()
	}
	go func() {
		state, _ := runner.Drive(machine.Begin)
		side.line.Close()
		outcome := conformance.Ends
		switch state {
		case child.Replaced:
			outcome = conformance.Executes
		case parent.Running:
			outcome = conformance.Succeeds
		case parent.Dead:
			if m.table.Name == parent.Table.Name {
				outcome = conformance.Fails
			}
		}
		s.ended <- outcome
	}()
	return s, nil
}

func (s *memorySession) Send(data []byte, descriptors int, _ protocol.Kind) error {
	if len(data) > protocol.MaxFrame { // the socket delivers no more of it
		data = data[:protocol.MaxFrame+1]
	}
	return s.line.Send(data, make([]int, descriptors))
}

func (s *memorySession) Receive(wait time.Duration) ([]byte, int, error) {
	s.listening.Store(true)
	data, descriptors, err := s.line.Receive(wait)
	s.listening.Store(false)
	if err == nil {
		s.unheard.Add(-1)
	}
	return data, len(descriptors), err
}

func (s *memorySession) Close() { s.die(false) }

// die closes our end; executed tells a parent why.
func (s *memorySession) die(executed bool) {
	s.once.Do(func() { s.executes <- executed })
	s.line.Close()
}

func (s *memorySession) Connect() error {
	s.line.Close()
	ours, theirs := transport.Pair(16)
	s.line = ours
	s.unheard.Store(0) // nobody reads what is left on the old connection
	s.connections <- theirs
	return nil
}

func (s *memorySession) Do(what string) error {
	s.die(what == "executes")
	return nil
}

func (s *memorySession) End(wait time.Duration) (conformance.Outcome, error) {
	select {
	case outcome := <-s.ended:
		return outcome, nil
	case <-time.After(wait):
		return "", fmt.Errorf("it has not ended within %s", wait)
	}
}

func (s *memorySession) Abandon() {
	s.stopped.Do(func() { close(s.stop) })
	s.die(false)
}

// memorySide is the subject's end of a session, and its effects.
type memorySide struct {
	session   *memorySession
	line      *transport.Memory
	deadlines map[machine.State]time.Duration
	maps      bool
	plan      []protocol.Op
	next      int
	told      protocol.Ready
}

// observe records the rows that Ready reports.
func (m *memorySide) observe(step machine.Step) {
	if step.Row != nil {
		m.told.Rows = append(m.told.Rows, protocol.Stamp{Row: step.Row.ID, Nanoseconds: 1})
	}
}

func (m *memorySide) Send(data []byte, descriptors []int) error {
	m.session.unheard.Add(1)
	return m.line.Send(data, descriptors)
}
func (m *memorySide) Discard([]int) {}

// Receive lets a deadline pass only while the kit is waiting for the subject too and has
// read everything: a kit that is delayed by a busy machine is not silent.
func (m *memorySide) Receive(wait time.Duration) ([]byte, []int, error) {
	for {
		data, descriptors, err := m.line.Receive(wait)
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			return data, descriptors, err
		}
		if m.session.listening.Load() && m.session.unheard.Load() == 0 {
			return m.line.Receive(1) // what it sent before it began to wait is here
		}
	}
}

func (m *memorySide) compose() map[protocol.Kind]func() ([]machine.Message, error) {
	one := func(frame protocol.Frame, descriptors ...int) func() ([]machine.Message, error) {
		return func() ([]machine.Message, error) {
			return []machine.Message{{Frame: frame, Descriptors: descriptors}}, nil
		}
	}
	return map[protocol.Kind]func() ([]machine.Message, error){
		protocol.KindHello:   func() ([]machine.Message, error) { return one(m.hello())() },
		protocol.KindWelcome: one(&protocol.Welcome{Version: 1}),
		protocol.KindPlan: one(&protocol.Plan{Ops: []protocol.Op{
			&protocol.Arguments{Values: []string{"/bin/true"}}, &protocol.Execute{Directory: "/"},
		}}),
		protocol.KindOpenRequest: func() ([]machine.Message, error) { return one(&protocol.OpenRequest{Ops: []uint32{uint32(m.next)}})() },
		protocol.KindConsole:     one(&protocol.Console{}, 0),
		protocol.KindReady: func() ([]machine.Message, error) {
			m.told.Ops = make([]uint64, len(m.plan))
			return one(&m.told)()
		},
		protocol.KindCommitted: one(&protocol.Committed{}),
		protocol.KindDetach:    one(&protocol.Detach{}, 0),
	}
}

func (m *memorySide) hello() protocol.Frame {
	return &protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit, MapsWanted: m.maps}
}

func (m *memorySide) child() effects {
	return effects{
		child.Greet: func(message machine.Message) (machine.Event, error) {
			hello := message.Frame.(*protocol.Hello)
			for _, deadline := range hello.Deadlines {
				m.deadlines[machine.State(deadline.State)] = short
			}
			switch {
			case hello.LowestVersion > hello.HighestVersion:
				return "", &protocol.Fault{Code: protocol.CodeMalformed}
			case hello.LowestVersion > 1:
				return "", &protocol.Fault{Code: protocol.CodeVersion}
			case hello.MapsWanted:
				return child.Mapped, nil
			}
			return child.Plain, nil
		},
		child.BecomeRoot: func(machine.Message) (machine.Event, error) { return machine.Done, nil },
		child.Collect: func(message machine.Message) (machine.Event, error) {
			m.plan = append(m.plan, message.Frame.(*protocol.Part).Ops...)
			return machine.Done, nil
		},
		child.Prepare: m.prepare,
		child.Accept: func(machine.Message) (machine.Event, error) {
			m.line.Close()
			select {
			case m.line = <-m.session.connections:
				return child.Connected, nil
			case <-m.session.stop:
				return "", io.EOF
			}
		},
		child.Execute: func(machine.Message) (machine.Event, error) { return child.Executed, nil },
	}
}

func (m *memorySide) prepare(message machine.Message) (machine.Event, error) {
	switch frame := message.Frame.(type) {
	case *protocol.Plan:
		m.plan = append(m.plan, frame.Ops...)
	case *protocol.OpenDone:
		if !slices.Equal(frame.Ops, []uint32{uint32(m.next)}) {
			return "", &protocol.Fault{Code: protocol.CodeMalformed}
		}
		m.next++
	}
	for ; m.next < len(m.plan); m.next++ {
		switch m.plan[m.next].(type) {
		case *protocol.Enter:
			return child.Open, nil
		case *protocol.ParentHooks:
			m.next++
			return child.Hooks, nil
		}
	}
	return child.Prepared, nil
}

func (m *memorySide) parent() effects {
	done := func(machine.Message) (machine.Event, error) { return machine.Done, nil }
	unasked := func(machine.Message) (machine.Event, error) {
		return "", &protocol.Fault{Code: protocol.CodeUnexpected}
	}
	return effects{
		parent.Reserve: done, parent.Spawn: done, parent.WriteMaps: done, parent.Commit: done, parent.TearDown: done,
		parent.Open: unasked, parent.DeliverConsole: unasked, parent.RunHooks: unasked,
		parent.Agree: func(message machine.Message) (machine.Event, error) {
			if message.Frame.(*protocol.Welcome).Version != 1 {
				return "", &protocol.Fault{Code: protocol.CodeVersion}
			}
			if m.maps {
				return parent.Mapped, nil
			}
			return parent.Plain, nil
		},
		parent.Release: func(machine.Message) (machine.Event, error) { return parent.Go, nil },
		parent.Confirm: func(machine.Message) (machine.Event, error) {
			if !<-m.session.executes {
				return "", errors.New("the child died")
			}
			return parent.Executed, nil
		},
	}
}
