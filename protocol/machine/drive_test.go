package machine_test

import (
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

func walker(t testing.TB, table *machine.Table, state machine.State) *machine.Machine {
	t.Helper()
	walker, err := machine.New(table, state)
	if err != nil {
		t.Fatal(err)
	}
	return walker
}

// TestWalkersAgree steps looplab/fsm from every state with every event: the result must be
// the same as Find's, which the child's handoff uses.
//
// SPEC: M-SM-1
func TestWalkersAgree(t *testing.T) {
	for _, table := range []*machine.Table{parent.Table, child.Table} {
		for _, state := range table.States() {
			for _, event := range events(table) {
				walker := walker(t, table, state)
				row, err := walker.Step(event)
				found := table.Find(state, event)
				if row != found || (err == nil) != (found != nil) {
					t.Errorf("%s: %s in %s: Step takes %v (%v), Find %v", table.Name, event, state, row, err, found)
				}
				want := state
				if found != nil {
					want = found.To
				}
				if walker.State() != want {
					t.Errorf("%s: %s in %s leads to %s, want %s", table.Name, event, state, walker.State(), want)
				}
			}
		}
	}
}

// events returns all events in a table, all that it could receive, and one that does not
// exist.
func events(table *machine.Table) []machine.Event {
	all := []machine.Event{"", "no such event", machine.Begin, machine.Done, machine.Failed, machine.EOF, machine.Timeout, machine.Malformed}
	for _, kind := range protocol.Kinds() {
		all = append(all, machine.Received(kind))
	}
	for _, row := range table.Rows {
		if !slices.Contains(all, row.Event) {
			all = append(all, row.Event)
		}
	}
	return all
}

// TestDriveStopsUntil: the drive stops before the row's frames are sent, because the
// handoff sends Ready itself.
func TestDriveStopsUntil(t *testing.T) {
	ours, theirs := transport.Pair(4)
	runner := machine.Runner{
		Machine: walker(t, child.Table, child.Preparing), Channel: ours, Until: child.Handoff,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			child.Prepare: func(machine.Message) (machine.Event, error) { return child.Prepared, nil },
		},
		Compose: compose,
	}
	state, err := runner.Drive(child.Console)
	if state != child.AwaitingCommit || err != nil {
		t.Fatalf("ends in %s, %v", state, err)
	}
	ours.Close()
	var kinds []protocol.Kind
	for {
		data, descriptors, err := theirs.Receive(never)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kind, err := protocol.Scan(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, kind)
	}
	if want := []protocol.Kind{protocol.KindConsole}; !slices.Equal(kinds, want) {
		t.Errorf("sent %v, want %v", kinds, want)
	}
}

// TestRunnersSlipsFailTheHandshake: a runner's mistake ends, like any failure, with a Fault
// to the peer and the teardown.
func TestRunnersSlipsFailTheHandshake(t *testing.T) {
	for _, test := range []struct {
		name   string
		commit func(machine.Message) (machine.Event, error)
		want   string
	}{
		{"undeclared event", func(machine.Message) (machine.Event, error) { return "comitted", nil },
			`effect commit brought about "comitted", not one of ["done"]`},
		{"no event", func(machine.Message) (machine.Event, error) { return "", nil },
			`effect commit brought about "", not one of ["done"]`},
		{"unbound effect", nil, "effect commit is not bound"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours, theirs := transport.Pair(4)
			ready, err := protocol.Encode(&protocol.Ready{})
			if err != nil {
				t.Fatal(err)
			}
			if err := theirs.Send(ready, nil); err != nil {
				t.Fatal(err)
			}
			tornDown := false
			runner := machine.Runner{
				Machine: walker(t, parent.Table, parent.Hooking), Channel: ours, Compose: compose,
				Until: "nowhere", // with Until, effects may be left unbound
				Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
					parent.Commit: test.commit,
					parent.TearDown: func(machine.Message) (machine.Event, error) {
						tornDown = true
						return machine.Done, nil
					},
				},
			}
			state, err := runner.Drive(machine.Done)
			if state != parent.Dead || !tornDown || err == nil || err.Error() != test.want {
				t.Errorf("ends in %s with %v, torn down %t; want %s", state, err, tornDown, test.want)
			}
			if got := next(t, theirs); got.Kind() != protocol.KindHooksDone {
				t.Errorf("sent %s, want HooksDone", got.Kind())
			}
			if fault, is := next(t, theirs).(*protocol.Fault); !is || fault.Detail != test.want {
				t.Errorf("sent %v, want the Fault", fault)
			}
		})
	}
}

func next(t *testing.T, line *transport.Memory) protocol.Frame {
	t.Helper()
	data, descriptors, err := line.Receive(never)
	if err != nil {
		t.Fatal(err)
	}
	frame, err := protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...))
	if err != nil {
		t.Fatal(err)
	}
	return frame
}

func TestDriveNeedsItsEffects(t *testing.T) {
	ours, _ := transport.Pair(1)
	runner := machine.Runner{Machine: walker(t, parent.Table, ""), Channel: ours}
	state, err := runner.Drive(machine.Begin)
	if want := "parent machine: effect reserve is not bound"; state != parent.Idle || err == nil || err.Error() != want {
		t.Errorf("%s, %v; want %s", state, err, want)
	}
}

// TestDriveRefusesToStartWithANonEvent: it does not move the machine.
func TestDriveRefusesToStartWithANonEvent(t *testing.T) {
	ours, _ := transport.Pair(1)
	runner := machine.Runner{Machine: walker(t, parent.Table, ""), Channel: ours, Until: "nowhere"}
	state, err := runner.Drive(machine.Done)
	if want := "parent machine: no row for done in state idle"; state != parent.Idle || err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s, %v; want %s", state, err, want)
	}
}

// TestDriveGivesUp: a drive whose first event is a failure tells the peer.
func TestDriveGivesUp(t *testing.T) {
	ours, theirs := transport.Pair(4)
	runner := machine.Runner{
		Machine: walker(t, parent.Table, parent.Detached), Channel: ours, Until: "nowhere",
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parent.TearDown: func(machine.Message) (machine.Event, error) { return machine.Done, nil },
		},
	}
	if state, err := runner.Drive(machine.Failed); state != parent.Dead || err == nil {
		t.Errorf("ends in %s, %v", state, err)
	}
	if fault, is := next(t, theirs).(*protocol.Fault); !is || fault.Code != protocol.CodeAborted {
		t.Errorf("sent %v, want a Fault that says aborted", fault)
	}
}

// TestDetachToADeadChildFails: the child died after Ready, perhaps because of the limits.
// It is not a container that can be started later.
func TestDetachToADeadChildFails(t *testing.T) {
	ours, theirs := transport.Pair(4)
	theirs.Close()
	tornDown := false
	runner := machine.Runner{
		Machine: walker(t, parent.Table, parent.Releasing), Channel: ours, Until: "nowhere", Compose: compose,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parent.TearDown: func(machine.Message) (machine.Event, error) {
				tornDown = true
				return machine.Done, nil
			},
		},
	}
	state, err := runner.Drive(parent.Leave)
	want := "the peer closed the channel or died before Detach could be sent"
	if state != parent.Dead || !tornDown || err == nil || err.Error() != want {
		t.Errorf("ends in %s with %v, torn down %t; want %s", state, err, tornDown, want)
	}
}

// TestDetachToAChildThatFailed: the Fault of a child is received even if the parent would
// have left without receiving anything.
//
// SPEC: M-TRAN-7, M-SM-3
func TestDetachToAChildThatFailed(t *testing.T) {
	said := &protocol.Fault{
		Code: protocol.CodeTimeout, Machine: "child", State: "committed", Awaited: "the parent's Start or Detach", Detail: "waited 1m0s",
	}
	for _, test := range []struct {
		name   string
		queued []protocol.Frame
		code   protocol.Code
	}{
		{"Fault", []protocol.Frame{said}, protocol.CodeTimeout},
		{"something else", []protocol.Frame{&protocol.Ready{}}, protocol.CodeGone},
		{"nothing", nil, protocol.CodeGone},
	} {
		t.Run(test.name, func(t *testing.T) {
			ours, theirs := transport.Pair(4)
			for _, frame := range test.queued {
				data, err := protocol.Encode(frame)
				if err == nil {
					err = theirs.Send(data, nil)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
			theirs.Close()
			runner := machine.Runner{
				Machine: walker(t, parent.Table, parent.Releasing), Channel: ours, Until: "nowhere", Compose: compose,
				Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
					parent.TearDown: func(machine.Message) (machine.Event, error) { return machine.Done, nil },
				},
			}
			state, err := runner.Drive(parent.Leave)
			var reported *protocol.Fault
			if state != parent.Dead || !errors.As(err, &reported) || reported.Code != test.code {
				t.Fatalf("ends in %s with %v; want code %s", state, err, test.code)
			}
			if test.code == said.Code && *reported != *said {
				t.Errorf("reported is %+v; want %+v", *reported, *said)
			}
		})
	}
}

// brokenChannel fails to receive for a reason other than the peer, and keeps what is sent.
type brokenChannel struct {
	side
	sent []byte
}

func (c *brokenChannel) Send(data []byte, _ []int) error {
	c.sent = slices.Clone(data)
	return nil
}

func (c *brokenChannel) Receive(time.Duration) ([]byte, []int, error) {
	return nil, nil, errors.New("bad file descriptor")
}

// TestFaultOfAWaitingStateSaysWhatWasAwaited, even if receiving itself failed.
//
// SPEC: M-FAULT-2
func TestFaultOfAWaitingStateSaysWhatWasAwaited(t *testing.T) {
	channel := &brokenChannel{}
	runner := machine.Runner{Machine: walker(t, child.Table, ""), Channel: channel, Until: "nowhere"}
	_, err := runner.Drive(machine.Begin)
	var reported *protocol.Fault
	if want := child.Table.Waiting(child.AwaitingHello).For; !errors.As(err, &reported) || reported.Code != protocol.CodeChannel || reported.Awaited != want {
		t.Fatalf("reported %+v; want awaited %q", reported, want)
	}
	frame, err := protocol.Decode(channel.sent, 0, protocol.SetOf(protocol.KindFault))
	if sent, is := frame.(*protocol.Fault); err != nil || !is || sent.Awaited != reported.Awaited {
		t.Errorf("sent %+v, %v", frame, err)
	}
}

// staleChannel delivers a Console and then a frame that the transport refuses.
type staleChannel struct {
	side
	step int
}

func (c *staleChannel) Send([]byte, []int) error { return nil }

func (c *staleChannel) Receive(time.Duration) ([]byte, []int, error) {
	c.step++
	if c.step == 1 {
		data, err := protocol.Encode(&protocol.Console{})
		return data, []int{consoleDescriptor}, err
	}
	return nil, nil, &protocol.Malformed{Reason: "truncated by the transport"}
}

// TestAcceptedDescriptorsAreNotDiscarded: a console's master belongs to its effect,
// whatever comes next.
func TestAcceptedDescriptorsAreNotDiscarded(t *testing.T) {
	channel := &staleChannel{}
	delivered := []int(nil)
	runner := machine.Runner{
		Machine: walker(t, parent.Table, parent.Hooking), Channel: channel, Until: "nowhere",
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parent.DeliverConsole: func(message machine.Message) (machine.Event, error) {
				delivered = message.Descriptors
				return machine.Done, nil
			},
			parent.TearDown: func(machine.Message) (machine.Event, error) { return machine.Done, nil },
		},
	}
	if state, err := runner.Drive(machine.Done); state != parent.Dead || err == nil {
		t.Errorf("ends in %s, %v", state, err)
	}
	if want := []int{consoleDescriptor}; !slices.Equal(delivered, want) || channel.discarded != nil {
		t.Errorf("delivered %v and discarded %v, want %v and none", delivered, channel.discarded, want)
	}
}

// TestGoneIsNeverSent: that a child died is for the caller. On the channel, the side that
// died says nothing, and the other has given up.
//
// SPEC: M-FAULT-4
func TestGoneIsNeverSent(t *testing.T) {
	ours, theirs := transport.Pair(4)
	runner := machine.Runner{
		Machine: walker(t, parent.Table, parent.Hooking), Channel: ours, Compose: compose, Until: "nowhere",
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parent.Commit: func(machine.Message) (machine.Event, error) {
				return "", &protocol.Fault{Code: protocol.CodeGone, Detail: "the child died"}
			},
			parent.TearDown: func(machine.Message) (machine.Event, error) { return machine.Done, nil },
		},
	}
	ready, err := protocol.Encode(&protocol.Ready{})
	if err != nil {
		t.Fatal(err)
	}
	if err := theirs.Send(ready, nil); err != nil {
		t.Fatal(err)
	}
	_, err = runner.Drive(machine.Done)
	var reported *protocol.Fault
	if !errors.As(err, &reported) || reported.Code != protocol.CodeGone {
		t.Errorf("reported %v, want that the child is gone", err)
	}
	next(t, theirs) // HooksDone
	if sent, is := next(t, theirs).(*protocol.Fault); !is || sent.Code != protocol.CodeAborted || sent.Detail != reported.Detail {
		t.Errorf("sent %v, want a Fault that says aborted", sent)
	}
}
