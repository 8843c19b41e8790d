package child

import (
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// history is what Ready reports: how the child got there.
type history struct {
	clock sys.Clock
	ready protocol.Ready
}

func newHistory() history { return history{clock: sys.NewClock()} }

// observe records the rows taken, up to the one that sends Ready.
func (h *history) observe(step machine.Step) {
	if step.Row != nil && len(h.ready.Rows) < protocol.MaxStamps {
		h.ready.Rows = append(h.ready.Rows, protocol.Stamp{Row: step.Row.ID, Nanoseconds: h.clock.Now()})
	}
}

// carriedOut records how long an operation took, given when it began.
func (h *history) carriedOut(began uint64) {
	if len(h.ready.Ops) < protocol.MaxTimings {
		h.ready.Ops = append(h.ready.Ops, h.clock.Now()-began)
	}
}

// both returns a function that calls both observers. The second may be nil.
func both(first, second func(machine.Step)) func(machine.Step) {
	if second == nil {
		return first
	}
	return func(step machine.Step) {
		first(step)
		second(step)
	}
}
