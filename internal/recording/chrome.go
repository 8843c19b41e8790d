package recording

import (
	"strconv"
)

// The threads of a trace, which has one process per recording.
const (
	parentThread = 1 + iota
	childThread
	operationsThread
)

// EncodeTrace returns recordings as a file that is also a trace: a process for each
// recording, a span for each state and operation, and an arrow for each frame (Trace Event
// Format, "JSON Object Format").
func (t Tables) EncodeTrace(all ...*Recording) []byte {
	o := object{}
	appendRecordings(&o, all)
	o.text("displayTimeUnit", "ns")
	o.name("traceEvents")
	e := events{buffer: append(o.buffer, '[')}
	for i, r := range all {
		e.process, e.shift = uint64(i+1), r.At-min(r.At, all[0].At)
		e.recording(t, t.Timeline(r))
	}
	o.buffer = append(e.buffer, ']')
	return append(o.end(), '\n')
}

func (e *events) recording(t Tables, line *Timeline) {
	e.metadata("process_name", 0, "fsrun "+line.Recording.Verb+" "+line.Recording.Container)
	e.metadata("thread_name", parentThread, t.Parent.Name)
	e.metadata("thread_name", childThread, t.Child.Name)
	e.metadata("thread_name", operationsThread, t.Child.Name+": operations")
	threads := map[string]uint64{t.Parent.Name: parentThread, t.Child.Name: childThread}
	for i := range line.Spans {
		e.span(&line.Spans[i], threads[line.Spans[i].Machine])
	}
	for i := range line.Operations {
		e.span(&line.Operations[i], operationsThread)
	}
	for i, arrow := range line.Arrows {
		from, to := uint64(childThread), uint64(parentThread)
		if arrow.FromParent {
			from, to = to, from
		}
		id := e.process<<32 + uint64(i)
		e.arrow("s", arrow, id, from, arrow.Left)
		e.arrow("f", arrow, id, to, arrow.Came)
	}
}

// events appends trace events.
type events struct {
	buffer  []byte
	begun   bool
	process uint64 // the process of appended events
	shift   uint64 // nanoseconds from the beginning of the trace to that of the recording
}

func (e *events) begin(phase string, thread uint64) object {
	if e.begun {
		e.buffer = append(e.buffer, ',')
	}
	e.begun = true
	o := object{buffer: e.buffer}
	o.text("ph", phase)
	o.number("pid", e.process)
	o.name("tid")
	o.buffer = strconv.AppendUint(o.buffer, thread, 10)
	return o
}

func (e *events) metadata(name string, thread uint64, value string) {
	o := e.begin("M", thread)
	o.text("name", name)
	o.name("args")
	args := object{buffer: o.buffer}
	args.text("name", value)
	o.buffer = args.end()
	e.buffer = o.end()
}

func (e *events) span(s *Span, thread uint64) {
	o := e.begin("X", thread)
	o.text("name", s.Name)
	o.text("cat", category(s, thread))
	o.microseconds("ts", e.shift+s.From)
	o.microseconds("dur", s.Took())
	o.name("args")
	args := object{buffer: o.buffer}
	if thread == operationsThread {
		args.text("config.json", s.Row)
	} else {
		args.text("row", s.Row)
	}
	o.buffer = args.end()
	e.buffer = o.end()
}

func category(s *Span, thread uint64) string {
	switch {
	case thread == operationsThread:
		return "operation"
	case s.Waiting:
		return "waiting"
	}
	return "working"
}

// arrow appends one end of a frame's arrow.
func (e *events) arrow(phase string, a Arrow, id, thread, at uint64) {
	o := e.begin(phase, thread)
	o.text("name", a.Kind.String())
	o.text("cat", "frame")
	o.number("id", id)
	o.microseconds("ts", e.shift+at)
	if phase == "f" {
		o.text("bp", "e") // bind to the enclosing span
	}
	o.name("args")
	args := object{buffer: o.buffer}
	args.number("bytes", uint64(a.Bytes))
	o.buffer = args.end()
	e.buffer = o.end()
}

// microseconds appends a time in nanoseconds, in the format's unit.
func (o *object) microseconds(name string, nanoseconds uint64) {
	o.name(name)
	o.buffer = strconv.AppendFloat(o.buffer, float64(nanoseconds)/1e3, 'f', 3, 64)
}
