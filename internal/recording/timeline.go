package recording

import (
	"cmp"
	"slices"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Timeline is a recording prepared for viewing. All times are in nanoseconds since the
// recording began.
type Timeline struct {
	Recording *Recording
	Spans     []Span // sorted by their beginning
	Arrows    []Arrow
	// Operations are laid out one after another in the states in which the child carries
	// them out: only their durations are known.
	Operations []Span
	// Unknown says why the child's path could not be determined, nil if it was.
	Unknown error
}

// Span is the time that a machine spent in a state, or the child on an operation.
type Span struct {
	Machine  string
	Name     string // of the state or operation
	From, To uint64
	Row      string // the row that led into the state
	Waiting  bool   // for a frame from the other side, or for a caller
	Inferred bool   // its bounds were inferred from frames
}

// Took returns the span's duration.
func (s *Span) Took() uint64 { return s.To - min(s.From, s.To) }

// Arrow is a frame on its way.
type Arrow struct {
	Kind       protocol.Kind
	FromParent bool
	Bytes      int
	Left, Came uint64
}

// Timeline returns a recording's timeline.
func (t Tables) Timeline(r *Recording) *Timeline {
	line := &Timeline{Recording: r}
	line.Spans = t.parentSpans(r)
	path, err := t.Path(r)
	line.Unknown = err
	if err == nil {
		line.Spans = append(line.Spans, t.childSpans(r, path)...)
		line.Operations = operationSpans(r, line.Spans, t.Child.Name)
	}
	line.Arrows = arrows(r, path)
	slices.SortStableFunc(line.Spans, func(a, b Span) int { return cmp.Compare(a.From, b.From) })
	return line
}

func (t Tables) parentSpans(r *Recording) []Span {
	path := make([]Taken, 0, len(r.Parent))
	for _, step := range r.Parent {
		row := Find(t.Parent, step.Row)
		if row == nil && step.IsRow() {
			row = &machine.Row{ID: step.Row, To: "?"}
		}
		if row != nil {
			path = append(path, Taken{Row: row, At: step.At})
		}
	}
	before := Span{Machine: t.Parent.Name, Name: string(t.Parent.Initial), To: r.Ended - r.At}
	if len(path) > 0 {
		before.Name, before.To = string(path[0].From), path[0].At-r.At
	}
	return append([]Span{before}, spans(t.Parent, r, path)...)
}

// Booting is the name of the time between the clone and the child's first row, in which the
// runtime's binary is executed and starts.
const Booting = "(booting)"

func (t Tables) childSpans(r *Recording, path []Taken) []Span {
	all := spans(t.Child, r, path)
	if sent := sendings(r); len(sent) > 0 && len(all) > 0 && path[0].From == t.Child.Initial {
		boot := Span{Machine: t.Child.Name, Name: Booting, From: since(r, sent[0]), To: all[0].From, Inferred: path[0].Inferred}
		if boot.From < boot.To { // otherwise it booted while the parent was still working on the clone
			all = append([]Span{boot}, all...)
		}
	}
	return all
}

// spans returns a span for each state except terminal ones.
func spans(table *machine.Table, r *Recording, path []Taken) []Span {
	var all []Span
	for i, taken := range path {
		if table.IsTerminal(taken.To) {
			continue
		}
		span := Span{
			Machine: table.Name, Name: string(taken.To), Row: taken.ID, From: since(r, taken.At), To: since(r, r.Ended),
			Waiting: table.Waiting(taken.To) != nil, Inferred: taken.Inferred,
		}
		if i+1 < len(path) {
			span.To = since(r, path[i+1].At)
		}
		all = append(all, span)
	}
	return all
}

// since returns a time relative to the recording's beginning, and within it; a child's may
// be outside.
func since(r *Recording, at uint64) uint64 { return min(max(at, r.At), r.Ended) - r.At }

// arrows pairs the parent's record of a frame with the child's row that received or sent
// it.
func arrows(r *Recording, path []Taken) []Arrow {
	var gone, came []uint64
	for _, taken := range path {
		if _, is := kindOf(taken.Event); is {
			came = append(came, since(r, taken.At))
		}
		for range taken.Send {
			gone = append(gone, since(r, taken.At))
		}
	}
	left := sendings(r)
	var all []Arrow
	for _, step := range r.Parent {
		if step.IsRow() {
			continue
		}
		at := since(r, step.At)
		arrow := Arrow{Kind: step.Kind, FromParent: step.Sent, Bytes: step.Bytes, Left: at, Came: at}
		if step.Sent {
			arrow.Left, left = since(r, left[0]), left[1:]
			arrow.Came, came = next(came, at)
		} else {
			arrow.Left, gone = next(gone, at)
		}
		arrow.Came = max(arrow.Came, arrow.Left)
		all = append(all, arrow)
	}
	return all
}

func next(times []uint64, otherwise uint64) (uint64, []uint64) {
	if len(times) == 0 {
		return otherwise, nil
	}
	return times[0], times[1:]
}

// operationSpans lays the operations out in the child's working states as long as there is
// room.
func operationSpans(r *Recording, states []Span, child string) []Span {
	var all []Span
	var room []Span
	for _, span := range states {
		if span.Machine == child && !span.Waiting && !span.Inferred {
			room = append(room, span)
		}
	}
	at, whole := uint64(0), r.Ended-r.At
	for _, op := range r.Operations {
		op.Took = min(op.Took, whole) // the child can report any duration
		for len(room) > 0 && max(at, room[0].From)+op.Took > room[0].To {
			room = room[1:]
		}
		if len(room) > 0 {
			at = max(at, room[0].From)
		}
		all = append(all, Span{Machine: child, Name: op.Name, Row: op.From, From: at, To: at + op.Took})
		at = min(at+op.Took, whole)
	}
	return all
}

// Slowest returns the longest of what either machine did itself: states without waiting,
// and operations in place of the states in which the child carries them out.
func (l *Timeline) Slowest(count int) []Span {
	var all []Span
	for _, span := range l.Spans {
		inOperations := len(l.Operations) > 0 && span.Name == "preparing"
		if !span.Waiting && !inOperations {
			all = append(all, span)
		}
	}
	all = append(all, l.Operations...)
	slices.SortStableFunc(all, func(a, b Span) int { return cmp.Compare(b.Took(), a.Took()) })
	return all[:min(count, len(all))]
}
