package main

import (
	"errors"
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// In every waiting state of both machines, what is refused is answered with a Fault that
// says why, by whom, in which state, and what was awaited. The only state without an answer
// is a connection to a detached child.
//
// SPEC: M-FAULT-2, M-FAULT-5
func TestRefusedFramesAreAnswered(t *testing.T) {
	for _, table := range []*machine.Table{parent.Table, child.Table} {
		for _, wait := range table.Waits {
			if wait.State == child.Attached {
				continue
			}
			unexpected, err := protocol.Encode(minimalRun[notAccepted(table.Accepts(wait.State))])
			if err != nil {
				t.Fatal(err)
			}
			for code, data := range map[protocol.Code][]byte{
				protocol.CodeUnexpected: unexpected,
				protocol.CodeMalformed:  {0xc0},
			} {
				fault, err := answerTo(table, wait.State, data)
				if err != nil {
					t.Errorf("%s in %s: %v", table.Name, wait.State, err)
					continue
				}
				if fault.Code != code || fault.Machine != table.Name || fault.State != string(wait.State) || fault.Awaited != wait.For {
					t.Errorf("%s in %s answers %+v; want %s, its own name and state, and %q", table.Name, wait.State, *fault, code, wait.For)
				}
			}
		}
	}
}

// notAccepted returns a kind from the shortest run that a state does not accept.
func notAccepted(accepts protocol.KindSet) protocol.Kind {
	for _, kind := range protocol.Kinds() {
		if minimalRun[kind] != nil && !accepts.Has(kind) {
			return kind
		}
	}
	return 0
}

// answerTo drives a machine into a state, where the data is waiting, and returns the Fault
// that it sends.
func answerTo(table *machine.Table, state machine.State, data []byte) (*protocol.Fault, error) {
	row := entering(table, state)
	walked, err := machine.New(table, row.From)
	if err != nil {
		return nil, err
	}
	ours, theirs := transport.Pair(8)
	if err := theirs.Send(data, nil); err != nil {
		return nil, err
	}
	runner := machine.Runner{
		Machine: walked, Channel: ours,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){},
		Compose: map[protocol.Kind]func() ([]machine.Message, error){},
	}
	for _, effect := range table.Effects {
		runner.Effects[effect.Effect] = func(machine.Message) (machine.Event, error) { return machine.Done, nil }
	}
	for kind, frame := range minimalRun {
		runner.Compose[kind] = func() ([]machine.Message, error) { return []machine.Message{{Frame: frame}}, nil }
	}
	runner.Compose[protocol.KindOpenRequest] = func() ([]machine.Message, error) {
		return []machine.Message{{Frame: &protocol.OpenRequest{Ops: []uint32{0}}}}, nil
	}
	if _, err := runner.Drive(row.Event); err == nil {
		return nil, errors.New("what is refused does not fail")
	}
	ours.Close()
	return lastFault(theirs)
}

// entering returns a row that leads into a waiting state.
func entering(table *machine.Table, state machine.State) *machine.Row {
	for i := range table.Rows {
		if row := &table.Rows[i]; row.To == state && row.Effect == "" {
			return row
		}
	}
	return nil
}

// lastFault returns the last frame received, which must be a Fault.
func lastFault(from *transport.Memory) (*protocol.Fault, error) {
	var last protocol.Frame
	for {
		data, descriptors, err := from.Receive(time.Minute)
		if err != nil {
			break // EOF: the other end is closed
		}
		if last, err = protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.Kinds()...)); err != nil {
			return nil, err
		}
	}
	fault, is := last.(*protocol.Fault)
	if !is {
		return nil, errors.New("no Fault is sent at the end")
	}
	return fault, nil
}
