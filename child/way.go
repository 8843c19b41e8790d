package child

import (
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// way is what Ready reports about how the child got there.
type way struct {
	clock sys.Clock
	told  protocol.Ready
}

func newWay() way { return way{clock: sys.NewClock()} }

// observe records the rows taken, up to the one that sends Ready.
func (w *way) observe(step machine.Step) {
	if step.Row != nil && len(w.told.Rows) < protocol.MaxStamps {
		w.told.Rows = append(w.told.Rows, protocol.Stamp{Row: step.Row.ID, Nanoseconds: w.clock.Now()})
	}
}

// carriedOut records how long an operation took, given when it began.
func (w *way) carriedOut(began uint64) {
	if len(w.told.Ops) < protocol.MaxTimings {
		w.told.Ops = append(w.told.Ops, w.clock.Now()-began)
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
