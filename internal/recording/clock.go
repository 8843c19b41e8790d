package recording

import (
	"errors"
	"math"

	"github.com/fsrun/fsrun/protocol/machine"
)

// timed gives the child's rows their times by the parent's clock.
func (t Tables) timed(r *Recording, path []Taken) []Taken {
	shift, _ := t.shift(r, path)
	sent, received := frames(r, true), frames(r, false)
	last := r.At
	if len(r.Child) == 0 && len(received) > 0 && path[0].From == t.Child.Initial {
		last = received[0].At // until it says something, it most likely boots
	}
	for i := range path {
		taken := &path[i]
		taken.At, taken.Inferred = last, true
		if _, is := kindOf(taken.Event); is && len(sent) > 0 {
			taken.At = max(last, sent[0].At)
			sent = sent[1:]
		}
		if t.Child.IsTerminal(taken.To) && len(taken.Send) == 0 {
			taken.At = max(last, t.executed(r))
		}
		if count := min(len(taken.Send), len(received)); count > 0 {
			taken.At = max(last, received[0].At)
			received = received[count:]
		}
		if i < len(r.Child) {
			taken.At, taken.Inferred = r.Child[i].At+shift, false
		}
		last = taken.At
	}
	return path
}

// executed is when the parent saw the child's end of the socket closed, 0 if it
// did not.
func (t Tables) executed(r *Recording) uint64 {
	for i := range r.Parent {
		if row := Find(t.Parent, r.Parent[i].Row); row != nil && row.Event == machine.EOF {
			return r.Parent[i].At
		}
	}
	return 0
}

// errClocks is a child whose clock fits no clock of the parent's.
var errClocks = errors.New("the child's times fit no clock: a frame arrives before it was sent")

// shift is what to add to the child's times: nothing where the two sides share
// their clock, else what has every frame arrive after it was sent. The sum may
// wrap around, as the child says what it likes.
func (t Tables) shift(r *Recording, path []Taken) (uint64, error) {
	least, most := int64(math.MinInt64), int64(math.MaxInt64)
	sent, received := sendings(r), frames(r, false)
	for i := range min(len(path), len(r.Child)) {
		at := r.Child[i].At
		if _, is := kindOf(path[i].Event); is && len(sent) > 0 {
			least = max(least, int64(sent[0]-at))
			sent = sent[1:]
		}
		for range path[i].Send {
			if len(received) > 0 {
				most = min(most, int64(received[0].At-at))
				received = received[1:]
			}
		}
	}
	switch {
	case least <= 0 && most >= 0:
		return 0, nil
	case least > most:
		return uint64(least), errClocks
	}
	return uint64(least + (most-least)/2), nil
}

// sendings are the times of the rows that sent a frame, for each: the frame's own
// is that at which it was gone already.
func sendings(r *Recording) []uint64 {
	var times []uint64
	row := r.At
	for _, step := range r.Parent {
		switch {
		case step.IsRow():
			row = step.At
		case step.Sent:
			times = append(times, row)
		}
	}
	return times
}
