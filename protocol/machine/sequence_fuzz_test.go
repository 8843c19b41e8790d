package machine_test

import (
	"errors"
	"io"
	"os"
	"slices"
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// hostile is a channel whose peer, and a runner whose effects, do what a byte string says.
// Once it is used up, the peer is gone and every effect fails.
type hostile struct {
	script   []byte
	table    *machine.Table
	frames   [][]byte
	received int // descriptors handed out
	latest   int // with the last frame
	kept     int // with frames that were accepted
	dropped  int // that were discarded
}

func (h *hostile) next() (byte, bool) {
	if len(h.script) == 0 {
		return 0, false
	}
	first := h.script[0]
	h.script = h.script[1:]
	return first, true
}

// Send fails now and then, in either way.
func (h *hostile) Send([]byte, []int) error {
	switch choice, _ := h.next(); choice {
	case 0xff:
		return io.ErrClosedPipe
	case 0xfe:
		return errors.New("the peer left frames unread")
	}
	return nil
}

func (h *hostile) Discard(descriptors []int) { h.dropped += len(descriptors) }

// Receive delivers any frame of any kind, intact or damaged, with any number of
// descriptors, or fails in one of the ways in which a peer is silent.
func (h *hostile) Receive(time.Duration) ([]byte, []int, error) {
	choice, more := h.next()
	switch {
	case !more || choice == 0xff:
		return nil, nil, io.EOF
	case choice == 0xfe:
		return nil, nil, os.ErrDeadlineExceeded
	case choice == 0xfd:
		return nil, nil, &protocol.Malformed{Reason: "truncated by the transport"}
	case choice == 0xfc:
		return nil, nil, errors.New("the socket is no more")
	}
	data := slices.Clone(h.frames[int(choice)%len(h.frames)])
	descriptors := int(choice) / len(h.frames) % 4 // 0: what the kind requires
	if descriptors == 0 {
		for count := range 3 {
			if _, err := protocol.Scan(data, count, protocol.SetOf(protocol.Kinds()...)); err == nil {
				descriptors = count
			}
		}
	}
	if damage, _ := h.next(); damage > 0xf0 {
		data[int(damage)%len(data)] ^= damage
	}
	h.received, h.latest = h.received+descriptors, descriptors
	return data, make([]int, descriptors), nil
}

func (h *hostile) effect(outcomes machine.Outcomes) func(machine.Message) (machine.Event, error) {
	return func(machine.Message) (machine.Event, error) {
		choice, more := h.next()
		switch {
		case !more || choice == 0xff:
			return "", errors.New("the effect failed")
		case choice == 0xfe:
			return "an undeclared event", nil
		}
		return outcomes.Events[int(choice)%len(outcomes.Events)], nil
	}
}

// FuzzSequence drives both machines against any sequence of frames, failures and outcomes.
// None may panic or run forever; each row taken must be in the table and follow from the
// one before; each machine must end in a terminal state that no frame leads out of, with a
// Fault if it failed; and every descriptor received must have been either accepted with its
// frame or discarded.
//
// SPEC: M-SM-1, M-TRAN-5
func FuzzSequence(f *testing.F) {
	var frames [][]byte
	for _, kind := range protocol.Kinds() {
		messages := []machine.Message{{Frame: protocol.Empty(kind)}}
		if made := compose[kind]; made != nil {
			messages, _ = made()
		}
		if kind == protocol.KindFault {
			messages[0].Frame = &protocol.Fault{Code: protocol.CodeAborted}
		}
		for _, message := range messages {
			if message.Frame.Kind() == protocol.KindPart && kind == protocol.KindPart {
				continue // comes with the Plan
			}
			data, err := protocol.Encode(message.Frame)
			if err != nil {
				f.Fatal(err)
			}
			frames = append(frames, data)
		}
	}
	f.Add([]byte{})
	for _, seed := range seeds(frames) {
		f.Add(seed)
		f.Add(append(slices.Clone(seed), 0xff, 0xfe, 0xfd, 0xfc))
	}
	f.Fuzz(func(t *testing.T, script []byte) {
		for _, table := range []*machine.Table{parent.Table, child.Table} {
			sequence(t, table, frames, script)
			events := events(table)
			walk(t, table, events, script)
		}
	})
}

// sequence drives a runner against a hostile peer.
func sequence(t *testing.T, table *machine.Table, frames [][]byte, script []byte) {
	peer := &hostile{script: slices.Clone(script), table: table, frames: frames}
	effects := map[machine.Effect]func(machine.Message) (machine.Event, error){}
	for _, outcomes := range table.Effects {
		effects[outcomes.Effect] = peer.effect(outcomes)
	}
	stands := table.Initial
	runner := machine.Runner{
		Machine: walker(t, table, ""), Channel: peer, Effects: effects, Compose: compose,
		Observe: func(step machine.Step) {
			switch {
			case step.Row != nil:
				if step.Row != table.Find(stands, step.Row.Event) {
					t.Fatalf("%s: row %s is taken in state %s", table.Name, step.Row.ID, stands)
				}
				stands = step.Row.To
			case !step.Sent:
				if !table.Accepts(stands).Has(step.Frame.Kind()) {
					t.Fatalf("%s: %s is accepted in state %s", table.Name, step.Frame.Kind(), stands)
				}
				peer.kept += peer.latest
				if may := step.Frame.Kind() == protocol.KindStart; peer.latest > most(step.Frame) || !may && peer.latest < most(step.Frame) {
					t.Fatalf("%s: %s is accepted with %d descriptors", table.Name, step.Frame.Kind(), peer.latest)
				}
			}
		},
	}
	state, err := runner.Drive(machine.Begin)
	if !table.IsTerminal(state) || state != stands {
		t.Fatalf("%s: ends in %s, the last row led to %s (%v)", table.Name, state, stands, err)
	}
	var fault *protocol.Fault
	if (state == parent.Dead) != errors.As(err, &fault) || (err != nil && fault == nil) {
		t.Errorf("%s: ends in %s with %v", table.Name, state, err)
	}
	if peer.received != peer.kept+peer.dropped {
		t.Errorf("%s: %d descriptors received, %d accepted, %d discarded", table.Name, peer.received, peer.kept, peer.dropped)
	}
	for _, kind := range protocol.Kinds() {
		if row := table.Find(state, machine.Received(kind)); row != nil {
			t.Errorf("%s: %s leads out of the terminal state %s", table.Name, kind, state)
		}
	}
}

// most returns how many descriptors a frame may carry; all kinds except Start must carry as
// many.
func most(frame protocol.Frame) int {
	if frame.Kind() == protocol.KindStart {
		return 1
	}
	return descriptorsOf(frame)
}

func descriptorsOf(frame protocol.Frame) int {
	switch frame := frame.(type) {
	case *protocol.Console, *protocol.Detach:
		return 1
	case *protocol.OpenDone:
		return len(frame.Ops)
	}
	return 0
}

// walk steps a machine with any sequence of events and compares it with Find.
func walk(t *testing.T, table *machine.Table, events []machine.Event, script []byte) {
	walker := walker(t, table, "")
	for _, choice := range script {
		from, event := walker.State(), events[int(choice)%len(events)]
		found := table.Find(from, event)
		row, err := walker.Step(event)
		if row != found || (err == nil) != (found != nil) {
			t.Fatalf("%s: %s in %s: Step takes %v (%v), Find %v", table.Name, event, from, row, err, found)
		}
		want := from
		if found != nil {
			want = found.To
		}
		if walker.State() != want {
			t.Fatalf("%s: %s in %s leads to %s, want %s", table.Name, event, from, walker.State(), want)
		}
		if row != nil && table.IsTerminal(from) && from != table.Resumed {
			t.Fatalf("%s: row %s leaves %s", table.Name, row.ID, from)
		}
	}
}

// seeds are scripts of whole handshakes, as the parent's peer and as the child's.
func seeds(frames [][]byte) [][]byte {
	frame := func(kind protocol.Kind) []byte {
		index := slices.IndexFunc(frames, func(data []byte) bool {
			return protocol.Kind(data[1]) == kind
		})
		return []byte{byte(index), 0}
	}
	parents := slices.Concat([]byte{0, 0, 0}, frame(protocol.KindWelcome), []byte{0, 0, 0},
		frame(protocol.KindOpenRequest), []byte{0, 0}, frame(protocol.KindConsole), []byte{0},
		frame(protocol.KindHooksRequest), []byte{0, 0}, frame(protocol.KindReady), []byte{0, 0, 0, 0, 0xff, 0})
	childs := slices.Concat(frame(protocol.KindHello), []byte{1, 0, 0}, frame(protocol.KindMapDone), []byte{0},
		frame(protocol.KindPart), []byte{0}, frame(protocol.KindPlan), []byte{0, 0}, frame(protocol.KindOpenDone),
		[]byte{1, 0, 2, 0}, frame(protocol.KindHooksDone), []byte{3, 0}, frame(protocol.KindCommitted),
		frame(protocol.KindDetach), []byte{0, 0xff, 0}, frame(protocol.KindStart), []byte{0})
	return [][]byte{parents, childs}
}
