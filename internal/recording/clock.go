package recording

import (
	"errors"
	"math"

	"github.com/fsrun/fsrun/protocol/machine"
)

// timed converts the times of the child's rows to the parent's clock.
func (t Tables) timed(r *Recording, path []Taken) []Taken {
	shift, _ := t.shift(r, path)
	sent, received := frames(r, true), frames(r, false)
	last := r.At
	if len(r.Child) == 0 && len(received) > 0 && path[0].From == t.Child.Initial {
		last = received[0].At // until it sends something, it is most likely booting
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

// executed returns when the parent saw that the child's end of the socket was closed, 0 if
// it did not.
func (t Tables) executed(r *Recording) uint64 {
	for i := range r.Parent {
		if row := Find(t.Parent, r.Parent[i].Row); row != nil && row.Event == machine.EOF {
			return r.Parent[i].At
		}
	}
	return 0
}

// errClocks says that the child's times fit no offset from the parent's clock.
var errClocks = errors.New("the child's times fit no clock: a frame arrives before it was sent")

// shift returns what to add to the child's times: zero if both sides have the same clock,
// otherwise an offset with which every frame arrives after it was sent. Adding it may wrap
// around, because the child can report any time.
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

// sendings returns, for each frame sent, the time of the row that sent it: the frame's own
// time is when it had already been sent.
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
