package main

import (
	"time"

	"github.com/fsrun/fsrun/internal/recording"
)

// traceJSON is a timeline in machine-readable form. Times are in nanoseconds since its
// beginning.
type traceJSON struct {
	Verb      string    `json:"verb"`
	Container string    `json:"container"`
	Began     time.Time `json:"began"`
	Took      uint64    `json:"took_nsec"`
	// Traceparent is the trace that the engine made it part of.
	Traceparent string         `json:"traceparent,omitempty"`
	States      []spanJSON     `json:"states"`
	Frames      []arrowJSON    `json:"frames"`
	Operations  []spanJSON     `json:"operations"`
	Slowest     []spanJSON     `json:"slowest"`
	LeftOut     int            `json:"left_out,omitempty"`
	Unknown     string         `json:"unknown,omitempty"`
	Fault       *recordedFault `json:"fault,omitempty"`
}

type spanJSON struct {
	Machine string `json:"machine"`
	Name    string `json:"name"`
	Row     string `json:"row,omitempty"`
	From    string `json:"config,omitempty"`
	Begins  uint64 `json:"begins_nsec"`
	Took    uint64 `json:"took_nsec"`
	Waiting bool   `json:"waiting,omitempty"`
	// Inferred says that this was not reported, but follows from the frames.
	Inferred bool `json:"inferred,omitempty"`
}

type arrowJSON struct {
	Kind  string `json:"kind"`
	From  string `json:"from"`
	Left  uint64 `json:"left_nsec"`
	Came  uint64 `json:"came_nsec"`
	Bytes int    `json:"bytes"`
}

// recordedFault is a Fault in the format of recordings.
type recordedFault struct {
	Code    string `json:"code"`
	Machine string `json:"machine,omitempty"`
	State   string `json:"state,omitempty"`
	Awaited string `json:"awaited,omitempty"`
	Op      string `json:"op,omitempty"`
	Path    string `json:"path,omitempty"`
	Call    string `json:"call,omitempty"`
	Errno   int    `json:"errno,omitempty"`
	Object  string `json:"object,omitempty"`
}

// slowestTold is how many of the slowest steps are included.
const slowestTold = 8

func tracesOf(all []*recording.Recording) []traceJSON {
	traces := make([]traceJSON, 0, len(all))
	for _, r := range all {
		line := tables.Timeline(r)
		trace := traceJSON{
			Verb: r.Verb, Container: r.Container, Began: r.Began, Took: r.Ended - min(r.At, r.Ended), Traceparent: r.Traceparent,
			States: spansOf(line.Spans, false), Operations: spansOf(line.Operations, true), Slowest: spansOf(line.Slowest(slowestTold), false),
			Frames: framesOf(line.Arrows), LeftOut: r.LeftOut, Fault: (*recordedFault)(r.Fault),
		}
		if line.Unknown != nil {
			trace.Unknown = line.Unknown.Error()
		}
		traces = append(traces, trace)
	}
	return traces
}

func spansOf(spans []recording.Span, operations bool) []spanJSON {
	all := make([]spanJSON, 0, len(spans))
	for i := range spans {
		s := &spans[i]
		one := spanJSON{Machine: s.Machine, Name: s.Name, Row: s.Row, Begins: s.From, Took: s.Took(), Waiting: s.Waiting, Inferred: s.Inferred}
		if operations {
			one.Row, one.From = "", s.Row
		}
		all = append(all, one)
	}
	return all
}

func framesOf(arrows []recording.Arrow) []arrowJSON {
	all := make([]arrowJSON, 0, len(arrows))
	for _, a := range arrows {
		from := tables.Child.Name
		if a.FromParent {
			from = tables.Parent.Name
		}
		all = append(all, arrowJSON{Kind: a.Kind.String(), From: from, Left: a.Left, Came: a.Came, Bytes: a.Bytes})
	}
	return all
}
