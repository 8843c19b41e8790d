package recording

import (
	"strconv"
	"time"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
)

// property is the name under which a file's object has the recordings.
const property = "fsrun"

// usualBytes is more than the recording of an ordinary start takes.
const usualBytes = 16 << 10

// Encode returns recordings as the content of a file.
func Encode(all ...*Recording) []byte {
	o := object{buffer: make([]byte, 0, usualBytes)}
	appendRecordings(&o, all)
	return append(o.end(), '\n')
}

func appendRecordings(o *object, all []*Recording) {
	appendList(o, property, all, func(buffer []byte, r **Recording) []byte { return appendRecording(buffer, *r) })
}

// object appends the members of a JSON object. It leaves out empty members.
type object struct {
	buffer []byte
	begun  bool
}

func (o *object) name(name string) {
	if o.begun {
		o.buffer = append(o.buffer, ',')
	} else {
		o.buffer = append(o.buffer, '{')
		o.begun = true
	}
	o.buffer = append(json.AppendString(o.buffer, name), ':')
}

func (o *object) text(name, value string) {
	if value != "" {
		o.name(name)
		o.buffer = json.AppendString(o.buffer, value)
	}
}

func (o *object) number(name string, value uint64) {
	if value != 0 {
		o.name(name)
		o.buffer = strconv.AppendUint(o.buffer, value, 10)
	}
}

// end returns the buffer with the complete object at its end.
func (o *object) end() []byte {
	if !o.begun {
		return append(o.buffer, "{}"...)
	}
	return append(o.buffer, '}')
}

func appendRecording(buffer []byte, r *Recording) []byte {
	o := object{buffer: buffer}
	o.number("version", Version)
	o.text("verb", r.Verb)
	o.text("container", r.Container)
	o.text("began", r.Began.UTC().Format(time.RFC3339Nano))
	o.number("at", r.At)
	o.number("ended", r.Ended)
	appendList(&o, "parent", r.Parent, appendStep)
	appendList(&o, "child", r.Child, appendStep)
	appendList(&o, "operations", r.Operations, appendOperation)
	o.number("left_out", uint64(r.LeftOut))
	o.text("traceparent", r.Traceparent)
	if r.Fault != nil {
		o.name("fault")
		o.buffer = appendFault(o.buffer, r.Fault)
	}
	return o.end()
}

func appendList[T any](o *object, name string, values []T, each func([]byte, *T) []byte) {
	if len(values) == 0 {
		return
	}
	o.name(name)
	for i := range values {
		opening := byte(',')
		if i == 0 {
			opening = '['
		}
		o.buffer = each(append(o.buffer, opening), &values[i])
	}
	o.buffer = append(o.buffer, ']')
}

func appendStep(buffer []byte, s *Step) []byte {
	o := object{buffer: buffer}
	o.number("at", s.At)
	switch {
	case s.IsRow():
		o.text("row", s.Row)
	case s.Sent:
		o.text("sent", s.Kind.String())
	default:
		o.text("received", s.Kind.String())
	}
	o.number("bytes", uint64(s.Bytes))
	return o.end()
}

func appendOperation(buffer []byte, op *Operation) []byte {
	o := object{buffer: buffer}
	o.text("name", op.Name)
	o.text("from", op.From)
	o.number("took", op.Took)
	return o.end()
}

func appendFault(buffer []byte, f *Fault) []byte {
	o := object{buffer: buffer}
	o.text("code", f.Code)
	o.text("machine", f.Machine)
	o.text("state", f.State)
	o.text("awaited", f.Awaited)
	o.text("op", f.Op)
	o.text("path", f.Path)
	o.text("call", f.Call)
	o.number("errno", uint64(f.Errno))
	o.text("object", f.Object)
	return o.end()
}
