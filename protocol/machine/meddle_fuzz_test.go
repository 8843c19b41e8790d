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

// meddling is what becomes of one frame on its way.
type meddling byte

const (
	leave meddling = iota
	flip           // a byte is another
	cut            // the end is missing
	grow           // there is more
	moreDescriptors
	fewerDescriptors
	drop
	twice
	swap      // it comes after the next
	meddlings // how many there are
)

// meddler is an end of a channel whose n-th frame does not arrive as it was sent.
type meddler struct {
	*transport.Memory
	what  meddling
	n     int // of the frame, from 0
	where int // in the frame
	with  byte

	sent   int
	held   []byte // the frame that waits for the next
	heldAs []int
	done   bool // something was changed
	forged bool // and what arrives is a frame all the same
	last   bool // it is a Fault: the side has come to its end already
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

// endOf is where a side of a handshake came to its end, and what it did until then.
type endOf struct {
	state machine.State
	err   error
	steps []machine.Step
}

// handshake is one in which somebody meddles with a frame of a side's.
type handshake struct {
	maps, opens, console, hooks bool
	executing                   time.Duration                  // how long the child takes to execute
	fails                       map[*machine.Table]func() bool // whether the next effect fails
	ours, theirs                *meddler
	committed, executed         atomic.Bool
	tooEarly                    atomic.Bool
}

// outcome is what the effects bring about that have more than one outcome.
func (h *handshake) outcome(effect machine.Effect, preparations *int) machine.Event {
	switch effect {
	case parent.Agree, child.Greet:
		if h.maps {
			return map[machine.Effect]machine.Event{parent.Agree: parent.Mapped, child.Greet: child.Mapped}[effect]
		}
	case child.Prepare:
		// The child stops once for each of what the plan needs the parent for.
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

// FuzzMeddle has one frame of a whole handshake, of either side, changed, cut,
// doubled, lost or out of order. Both machines come to an end in time; the program
// is never executed before limits are committed, unless what arrives is a frame of
// its own right; a frame that is none ends the handshake for both, unless it was
// that of a side which had given up.
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

// A parent that has waited too long for a child which executes the program says so
// by a Fault that the child does not read any more: it may arrive as it likes. Where
// the machine was slow FuzzMeddle took that for a damaged frame that was accepted.
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

// newHandshake is one of a plan that needs the parent for what its bits say.
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

// Every frame of a whole handshake is meddled with in every way; what is dropped,
// doubled or out of order is refused too.
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
