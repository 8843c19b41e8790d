package recording

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// Recorder records one walk of the parent's machine. Its cost to a start is too small to
// measure: it records only numbers, and makes texts of them when the walk is over.
type Recorder struct {
	clock sys.Clock
	made  Recording
	plan  []protocol.Op
	ready *protocol.Ready
}

// NewRecorder begins a recording.
func NewRecorder(verb, container string) *Recorder {
	r := &Recorder{clock: sys.NewClock()}
	r.made = Recording{
		Verb: verb, Container: container, Began: r.clock.Began().UTC(), At: r.clock.Now(), Parent: make([]Step, 0, 64),
	}
	return r
}

// Join makes the recording part of the trace that a container's annotations name. An
// invalid traceparent is not kept.
func (r *Recorder) Join(annotations map[string]string) error {
	text := annotations[Annotation]
	if text == "" {
		return nil
	}
	if _, err := ParseTraceparent(text); err != nil {
		return fmt.Errorf("annotations[%q]: %w", Annotation, err)
	}
	r.made.Traceparent = text[:traceparentLength] // a later version may be longer
	return nil
}

// Observe records a step of the parent's machine.
func (r *Recorder) Observe(step machine.Step) {
	taken := Step{At: r.clock.Now()}
	if step.Row != nil {
		taken.Row = step.Row.ID
	} else {
		taken.Kind, taken.Sent, taken.Bytes = step.Frame.Kind(), step.Sent, step.Size
		r.keep(step.Frame)
	}
	if len(r.made.Parent) == MaxSteps {
		r.made.LeftOut++
		return
	}
	r.made.Parent = append(r.made.Parent, taken)
}

// keep records what the recording will need for names.
func (r *Recorder) keep(frame protocol.Frame) {
	switch frame := frame.(type) {
	case *protocol.Part:
		r.plan = append(r.plan, frame.Ops...)
	case *protocol.Plan:
		r.plan = append(r.plan, frame.Ops...)
	case *protocol.Ready:
		r.ready = frame
	}
}

// End ends the recording of a walk, given its error or nil. The recorder must not be used
// afterwards.
func (r *Recorder) End(err error) *Recording {
	made := &r.made
	made.Ended = r.clock.Now()
	var fault *protocol.Fault
	if errors.As(err, &fault) {
		made.Fault = redact(fault)
	}
	made.Verb, made.Container = shorten(made.Verb), shorten(made.Container)
	if r.ready == nil {
		return made
	}
	for _, stamp := range r.ready.Rows {
		made.Child = append(made.Child, Step{At: stamp.Nanoseconds, Row: shorten(stamp.Row)})
	}
	told := min(len(r.ready.Ops), len(r.plan))
	made.LeftOut += len(r.plan) - told
	if told > 0 {
		made.Operations = make([]Operation, 0, told)
	}
	for i, took := range r.ready.Ops[:told] {
		op := r.plan[i]
		made.Operations = append(made.Operations, Operation{Name: shorten(protocol.Describe(op, i)), From: shorten(op.From()), Took: took})
	}
	return made
}

func redact(f *protocol.Fault) *Fault {
	return &Fault{
		Code: f.Code.String(), Machine: shorten(f.Machine), State: shorten(f.State), Awaited: shorten(f.Awaited),
		Op: shorten(f.Op), Path: shorten(f.Path), Call: shorten(f.Call), Errno: int(f.Errno), Object: shorten(f.Object),
	}
}

// shorten makes a text fit for a file.
func shorten(text string) string {
	text = strings.ToValidUTF8(strings.ReplaceAll(text, "\x00", ""), "?")
	if len(text) <= MaxText {
		return text
	}
	const ellipsis = "..."
	end := MaxText - len(ellipsis)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + ellipsis
}
