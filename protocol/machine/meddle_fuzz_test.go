package machine_test

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// meddling is how a frame is tampered with on its way.
type meddling byte

const (
	leave meddling = iota
	flip           // a byte is changed
	cut            // the end is missing
	grow           // something is appended
	moreDescriptors
	fewerDescriptors
	drop
	twice
	swap      // it arrives after the next
	meddlings // how many there are
)

// meddler is one end of a channel whose n-th frame does not arrive as it was sent.
type meddler struct {
	*transport.Memory
	what  meddling
	n     int // of the frame, counted from 0
	where int // in the frame
	with  byte

	sent   int
	held   []byte // the frame that is held back until the next
	heldAs []int
	done   bool // something was changed
	forged bool // what arrives is a valid frame all the same
	last   bool // it is a Fault: the side has already ended
}

func (m *meddler) Send(data []byte, descriptors []int) error {
	at := m.sent
	m.sent++
	if m.held != nil {
		held := m.held
		m.held = nil
		if err := m.Memory.Send(data, descriptors); err != nil {
			return err
		}
		return m.Memory.Send(held, m.heldAs)
	}
	if at != m.n || m.what == leave {
		return m.Memory.Send(data, descriptors)
	}
	changed, carried := slices.Clone(data), slices.Clone(descriptors)
	m.last = protocol.Kind(data[1]) == protocol.KindFault
	switch m.what {
	case flip:
		changed[m.where%len(changed)] ^= m.with
	case cut:
		changed = changed[:m.where%len(changed)]
	case grow:
		changed = append(changed, make([]byte, 1+m.where)...)
	case moreDescriptors:
		carried = append(carried, strayDescriptor)
	case fewerDescriptors:
		carried = carried[:max(len(carried)-1, 0)]
	case drop:
		m.done = true
		return nil
	case twice:
		m.done = true
		if err := m.Memory.Send(data, descriptors); err != nil {
			return err
		}
	case swap:
		m.done, m.held, m.heldAs = true, changed, carried
		return nil
	}
	m.done = m.done || !slices.Equal(changed, data) || len(carried) != len(descriptors)
	_, err := protocol.Scan(changed, len(carried), protocol.SetOf(protocol.Kinds()...))
	m.forged = m.done && err == nil
	return m.Memory.Send(changed, carried)
}

// patience is how long each side waits where a frame may not come.
const patience = 25 * time.Millisecond

// endOf is where a side of a handshake ended, and what it had done.
type endOf struct {
	state machine.State
	err   error
	steps []machine.Step
}

// handshake is one in which a frame of one side is tampered with.
type handshake struct {
	maps, opens, console, hooks bool
	executing                   time.Duration                  // how long the child takes to execute
	fails                       map[*machine.Table]func() bool // whether the next effect fails
	ours, theirs                *meddler
	committed, executed         atomic.Bool
	tooEarly                    atomic.Bool
}

// outcome returns the outcome of an effect that has several.
func (h *handshake) outcome(effect machine.Effect, preparations *int) machine.Event {
	switch effect {
	case parent.Agree, child.Greet:
		if h.maps {
			return map[machine.Effect]machine.Event{parent.Agree: parent.Mapped, child.Greet: child.Mapped}[effect]
		}
	case child.Prepare:
		// The child stops once for each thing that the plan needs the parent for.
		*preparations++
		stops := []machine.Event{}
		for _, stop := range []struct {
			wanted bool
			event  machine.Event
		}{{h.opens, child.Open}, {h.console, child.Console}, {h.hooks, child.Hooks}} {
			if stop.wanted {
				stops = append(stops, stop.event)
			}
		}
		if *preparations <= len(stops) {
			return stops[*preparations-1]
		}
	case parent.Commit:
		h.committed.Store(true)
	case child.Execute:
		time.Sleep(h.executing)
		h.executed.Store(true)
		if !h.committed.Load() {
			h.tooEarly.Store(true)
		}
	}
	if event, found := ordinary[effect]; found {
		return event
	}
	return machine.Done
}

func (h *handshake) drive(t *testing.T, table *machine.Table, channel *meddler) endOf {
	preparations := 0
	effects := map[machine.Effect]func(machine.Message) (machine.Event, error){}
	for _, outcomes := range table.Effects {
		effects[outcomes.Effect] = func(machine.Message) (machine.Event, error) {
			if fails := h.fails[table]; fails != nil && fails() {
				return "", errors.New("the effect failed")
			}
			return h.outcome(outcomes.Effect, &preparations), nil
		}
	}
	deadlines := map[machine.State]time.Duration{}
	for _, wait := range table.Waits {
		deadlines[wait.State] = never
		if h.ours.what != leave || h.theirs.what != leave {
			deadlines[wait.State] = patience
		}
	}
	var end endOf
	runner := machine.Runner{
		Machine: walker(t, table, ""), Channel: channel, Effects: effects, Compose: compose, Deadlines: deadlines,
		Observe: func(step machine.Step) { end.steps = append(end.steps, step) },
	}
	end.state, end.err = runner.Drive(machine.Begin)
	channel.Close()
	return end
}

func (h *handshake) run(t *testing.T) (ours, theirs endOf) {
	var both sync.WaitGroup
	both.Go(func() { ours = h.drive(t, parent.Table, h.ours) })
	both.Go(func() { theirs = h.drive(t, child.Table, h.theirs) })
	both.Wait()
	return ours, theirs
}

// FuzzMeddle changes, cuts, repeats, drops or reorders one frame of a whole handshake, from
// either side. Both machines must end in time; the program must never be executed before
// limits are committed, unless what arrives is itself a valid frame; what is not a frame
// must end the handshake for both, unless it came from a side that had given up.
//
// SPEC: M-SM-1
func FuzzMeddle(f *testing.F) {
	for what := leave; what < meddlings; what++ {
		for n := range uint8(6) {
			f.Add(uint8(what), n, uint8(0xff), n%2 == 0, uint16(n)*7, uint8(1))
			f.Add(uint8(what), n, uint8(0), n%2 == 1, uint16(n)*3, uint8(0x80))
		}
	}
	f.Fuzz(func(t *testing.T, what, n, plan uint8, parents bool, where uint16, with uint8) {
		meddle(t, meddling(what)%meddlings, int(n%12), plan, parents, int(where), with)
	})
}

// A parent that has waited too long for a child which executes the program says so in a
// Fault that the child no longer reads, so it does not matter how that arrives. On slow
// machines FuzzMeddle took this for a damaged frame that was accepted.
func TestDamagedFaultAfterStart(t *testing.T) {
	for n := range 8 {
		h := newHandshake(0)
		h.executing = 3 * patience
		if h.meddle(t, flip, n, true, 1, 0x55); h.ours.last {
			if !h.executed.Load() {
				t.Error("the program was not executed")
			}
			return
		}
	}
	t.Error("the parent sent no Fault")
}

// newHandshake returns one whose plan needs the parent for what its bits say.
func newHandshake(plan uint8) *handshake {
	const depth = 16
	one, two := transport.Pair(depth)
	return &handshake{
		maps: plan&1 != 0, opens: plan&2 != 0, console: plan&4 != 0, hooks: plan&8 != 0,
		ours: &meddler{Memory: one}, theirs: &meddler{Memory: two},
	}
}

// meddle reports whether something was changed.
func meddle(t *testing.T, what meddling, n int, plan uint8, parents bool, where int, with byte) bool {
	t.Helper()
	return newHandshake(plan).meddle(t, what, n, parents, where, with)
}

func (h *handshake) meddle(t *testing.T, what meddling, n int, parents bool, where int, with byte) bool {
	t.Helper()
	victim := h.theirs
	if parents {
		victim = h.ours
	}
	victim.what, victim.n, victim.where, victim.with = what, n, where, with
	begin := time.Now()
	ours, theirs := h.run(t)
	if took := time.Since(begin); took > never {
		t.Errorf("it took %s", took)
	}
	for _, end := range []struct {
		table *machine.Table
		endOf
	}{{parent.Table, ours}, {child.Table, theirs}} {
		var fault *protocol.Fault
		if !end.table.IsTerminal(end.state) || end.err != nil && !errors.As(end.err, &fault) {
			t.Fatalf("%s: ends in %s with %v", end.table.Name, end.state, end.err)
		}
	}
	if h.tooEarly.Load() && !victim.forged {
		t.Error("the program is executed before limits are committed")
	}
	damaged := victim.done && !victim.forged && !victim.last && slices.Contains([]meddling{flip, cut, grow, moreDescriptors, fewerDescriptors}, what)
	if damaged && (ours.state != parent.Dead || h.executed.Load()) {
		t.Errorf("a damaged frame, and the parent ends in %s, the child in %s; executed: %t", ours.state, theirs.state, h.executed.Load())
	}
	succeeded := ours.state == parent.Running && theirs.state == child.Replaced && h.executed.Load()
	if what == leave && !succeeded {
		t.Errorf("nobody meddles, and the parent ends in %s with %v, the child in %s with %v", ours.state, ours.err, theirs.state, theirs.err)
	}
	return victim.done
}

// Every frame of a whole handshake is tampered with in every way; what is dropped, repeated
// or reordered is refused too.
//
// SPEC: M-SM-4
func TestMeddledHandshakes(t *testing.T) {
	for plan := range uint8(16) {
		meddle(t, leave, 0, plan, true, 0, 0)
	}
	cells, most := 0, 0
	for _, parents := range []bool{true, false} {
		for what := flip; what < meddlings; what++ {
			for n := 0; meddle(t, what, n, 0xff, parents, 1+n, 0x55) || n < 4; n++ {
				cells, most = cells+1, max(most, n)
			}
		}
	}
	t.Logf("figure: handshakes with one frame meddled with %d", cells)
	if most < 5 {
		t.Errorf("only frames up to the %d. were meddled with", most+1)
	}
}
