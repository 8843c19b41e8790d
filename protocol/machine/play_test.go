package machine_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// A scenario drives the real tables against each other over an in-memory channel, with
// scripted effects.
type scenario struct {
	name  string
	about string
	// parent, child and callers script effects: the outcome of each successive call, an
	// event or an error. An effect that is not scripted, or whose script is used up, has
	// its outcome in ordinary.
	parent, child scripts
	callers       []scripts // later processes that start a detached container; nil: one that dies at once
	// injected are failures to receive, by side and state, once each.
	injected map[string]map[machine.State]injection
	// unsent are the frames that a side cannot send.
	unsent map[string]protocol.Kind
}

type scripts map[machine.Effect][]any

// ordinary is the outcome of effects with several, unless they are scripted.
var ordinary = map[machine.Effect]machine.Event{
	parent.Agree:   parent.Plain,
	parent.Release: parent.Go,
	parent.Confirm: parent.Executed,
	child.Greet:    child.Plain,
	child.Prepare:  child.Prepared,
	child.Accept:   child.Connected,
	child.Execute:  child.Executed,
}

// injection is a way in which receiving fails.
type injection string

const (
	injectFault     injection = "Fault"
	injectEOF       injection = "eof"
	injectTimeout   injection = "timeout"
	injectMalformed injection = "malformed"
	injectTruncated injection = "truncated"
	injectFailed    injection = "failed"
)

// The descriptors that travel in every scenario.
const (
	openedDescriptor    = 100
	consoleDescriptor   = 200
	listeningDescriptor = 300
	strayDescriptor     = 400
)

// compose makes the frames that have fields.
var compose = map[protocol.Kind]func() ([]machine.Message, error){
	protocol.KindHello:   one(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleInit}, nil),
	protocol.KindWelcome: one(&protocol.Welcome{Version: 1}, nil),
	protocol.KindPlan: func() ([]machine.Message, error) {
		return []machine.Message{
			{Frame: &protocol.Part{Ops: []protocol.Op{&protocol.Hostname{Name: "c1"}}}},
			{Frame: &protocol.Plan{Ops: []protocol.Op{&protocol.Execute{Directory: "/"}}}},
		}, nil
	},
	protocol.KindOpenRequest: one(&protocol.OpenRequest{Ops: []uint32{4}}, nil),
	protocol.KindOpenDone:    one(&protocol.OpenDone{Ops: []uint32{4}}, []int{openedDescriptor}),
	protocol.KindConsole:     one(&protocol.Console{}, []int{consoleDescriptor}),
	protocol.KindDetach:      one(&protocol.Detach{}, []int{listeningDescriptor}),
}

func one(frame protocol.Frame, descriptors []int) func() ([]machine.Message, error) {
	return func() ([]machine.Message, error) {
		return []machine.Message{{Frame: frame, Descriptors: descriptors}}, nil
	}
}

// A side is one machine in a scenario: its runner's channel, and what happened.
type side struct {
	name     string
	role     string // parent or child; a caller is a parent
	walker   *machine.Machine
	line     *transport.Memory
	channel  int  // 0: the first; n: caller n's
	ended    bool // the peer closed the channel, which the next row says
	injected map[machine.State]injection
	unsent   protocol.Kind
	scripts  scripts

	happened  []happening
	rows      []string
	discarded []int
	state     machine.State
	err       error
}

// happening is a line in a story. What must have happened before, and what it makes
// possible, are named alike: a channel, a role, and what that role does.
type happening struct {
	text    string
	needs   string
	enables string
}

func deed(channel int, role, what string) string { return fmt.Sprintf("%d %s %s", channel, role, what) }

func (s *side) peer() string {
	if s.role == "child" {
		return "parent"
	}
	return "child"
}

func (s *side) Send(data []byte, descriptors []int) error {
	if kind, err := protocol.Scan(data, len(descriptors), protocol.SetOf(s.unsent)); err == nil && kind == s.unsent {
		return errors.New("no room for it")
	}
	return s.line.Send(data, descriptors)
}

func (s *side) Discard(descriptors []int) { s.discarded = append(s.discarded, descriptors...) }

// Receive fails as injected in the machine's state, once.
func (s *side) Receive(wait time.Duration) ([]byte, []int, error) {
	what, found := s.injected[s.walker.State()]
	if !found {
		data, descriptors, err := s.line.Receive(wait)
		s.ended = errors.Is(err, io.EOF)
		return data, descriptors, err
	}
	delete(s.injected, s.walker.State())
	switch what {
	case injectFault:
		data, err := protocol.Encode(&protocol.Fault{Code: protocol.CodeAborted, Machine: "peer", Detail: "the peer gave up"})
		return data, nil, err
	case injectEOF:
		return nil, nil, io.EOF
	case injectTimeout:
		return nil, nil, os.ErrDeadlineExceeded
	case injectMalformed:
		return []byte{0xc0}, []int{strayDescriptor}, nil
	case injectTruncated:
		return nil, nil, &protocol.Malformed{Reason: "truncated by the transport"}
	case injectFailed:
		return nil, nil, errors.New("the socket is no more")
	}
	panic("unknown injection " + what)
}

func (s *side) effect(name machine.Effect) func(machine.Message) (machine.Event, error) {
	return func(machine.Message) (machine.Event, error) {
		script := s.scripts[name]
		if len(script) == 0 {
			if event, found := ordinary[name]; found {
				return event, nil
			}
			return machine.Done, nil
		}
		s.scripts[name] = script[1:]
		if err, failed := script[0].(error); failed {
			return "", err
		}
		return script[0].(machine.Event), nil
	}
}

func (s *side) observe(step machine.Step) {
	if row := step.Row; row != nil {
		s.rows = append(s.rows, row.ID)
		line := fmt.Sprintf("%-4s %s --%s--> %s", row.ID, row.From, row.Event, row.To)
		if row.Effect != "" {
			line += ": " + string(row.Effect)
		}
		happened := happening{text: line}
		if s.ended {
			happened.needs, s.ended = deed(s.channel, s.peer(), "closes"), false
		}
		s.happened = append(s.happened, happened)
		return
	}
	if kind := step.Frame.Kind(); step.Sent {
		s.happened = append(s.happened, happening{text: "sends " + kind.String(), enables: deed(s.channel, s.role, "sends")})
	} else {
		s.happened = append(s.happened, happening{text: "receives " + kind.String(), needs: deed(s.channel, s.peer(), "sends")})
	}
}

// drive drives the side to its end and closes its channel, as a process's death would.
func (s *side) drive(t *testing.T, first machine.Event, accept func() error) {
	table := s.walker.Table()
	effects := map[machine.Effect]func(machine.Message) (machine.Event, error){}
	for _, outcomes := range table.Effects {
		perform := s.effect(outcomes.Effect)
		effects[outcomes.Effect] = perform
		if outcomes.Effect == child.Accept {
			effects[outcomes.Effect] = func(message machine.Message) (machine.Event, error) {
				event, err := perform(message)
				if err == nil {
					err = accept()
				}
				return event, err
			}
		}
	}
	deadlines := map[machine.State]time.Duration{}
	for _, wait := range table.Waits {
		deadlines[wait.State] = never
	}
	runner := machine.Runner{
		Machine: s.walker, Channel: s, Effects: effects, Compose: compose, Deadlines: deadlines, Observe: s.observe,
	}
	s.state, s.err = runner.Drive(first)
	end := "ends " + string(s.state)
	if s.err != nil {
		var fault *protocol.Fault
		if !errors.As(s.err, &fault) {
			t.Errorf("%s: error %v is no Fault", s.name, s.err)
		} else {
			end += fmt.Sprintf(" (%s, %s: %s: %v)", fault.Machine, fault.State, fault.Code, fault)
		}
	}
	s.happened = append(s.happened, happening{text: end, enables: deed(s.channel, s.role, "closes")})
	s.line.Close()
}

// play runs a scenario to the end of every machine.
func play(t *testing.T, scenario scenario) []*side {
	t.Helper()
	newSide := func(name, role string, resumed machine.State, channel int, line *transport.Memory, from scripts) *side {
		table := parent.Table
		if role == "child" {
			table = child.Table
		}
		walker, err := machine.New(table, resumed)
		if err != nil {
			t.Fatal(err)
		}
		return &side{
			name: name, role: role, walker: walker, line: line, channel: channel,
			scripts: maps.Clone(from), injected: maps.Clone(scenario.injected[name]), unsent: scenario.unsent[name],
		}
	}
	const depth = 16 // more than any side sends without an answer
	ours, theirs := transport.Pair(depth)
	first := newSide("parent", "parent", "", 0, ours, scenario.parent)
	second := newSide("child", "child", "", 0, theirs, scenario.child)
	connections := make(chan *transport.Memory)
	var running sync.WaitGroup
	running.Go(func() { first.drive(t, machine.Begin, nil) })
	running.Go(func() {
		second.drive(t, machine.Begin, func() error {
			second.line.Close()
			second.happened = append(second.happened, happening{
				text: "waits for a caller", enables: deed(second.channel, second.role, "closes"),
			})
			select {
			case second.line = <-connections:
				second.channel++
				return nil
			case <-time.After(never):
				return errors.New("nobody connected")
			}
		})
	})
	sides := []*side{first, second}
	for i, from := range scenario.callers {
		mine, childs := transport.Pair(depth)
		select {
		case connections <- childs:
		case <-time.After(never):
			t.Fatal("the child did not wait for a caller")
		}
		caller := newSide(fmt.Sprintf("caller%d", i+1), "parent", parent.Detached, i+1, mine, from)
		caller.happened = []happening{{text: "connects", needs: deed(i, "child", "closes")}}
		if from != nil {
			caller.drive(t, parent.Attach, nil)
		} else {
			caller.happened = append(caller.happened, happening{text: "dies", enables: deed(i+1, "parent", "closes")})
			mine.Close()
		}
		sides = append(sides, caller)
	}
	running.Wait()
	return sides
}

// never is so long that a test which waits for it has failed.
const never = 20 * time.Second

// story tells what happened, each side as far as it got before it had to wait for another:
// in causal order, whatever the order in time.
func story(scenario scenario, sides []*side) string {
	var text strings.Builder
	fmt.Fprintf(&text, "# %s\n", scenario.about)
	next := make([]int, len(sides))
	done := map[string]int{}
	for told := true; told; {
		told = false
		for i, side := range sides {
			for ; next[i] < len(side.happened); next[i]++ {
				happened := side.happened[next[i]]
				if happened.needs != "" {
					if done[happened.needs] == 0 {
						break
					}
					if !strings.HasSuffix(happened.needs, "closes") { // this is permanent
						done[happened.needs]--
					}
				}
				if happened.enables != "" {
					done[happened.enables]++
				}
				fmt.Fprintf(&text, "%-8s %s\n", side.name, happened.text)
				told = true
			}
		}
	}
	for i, side := range sides {
		if next[i] < len(side.happened) {
			fmt.Fprintf(&text, "%-8s without a cause: %s\n", side.name, side.happened[next[i]].text)
		}
	}
	return text.String()
}
