package recording

import (
	"fmt"
	"io"
	"strconv"
	"time"

	json "github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/fsrun/fsrun/protocol"
)

// Read reads the recordings in a file.
func Read(from io.Reader) ([]*Recording, error) {
	content, err := io.ReadAll(io.LimitReader(from, MaxBytes+1))
	if err != nil {
		return nil, err
	}
	if len(content) > MaxBytes {
		return nil, fmt.Errorf("a recording of more than %d bytes; allowed: at most that", MaxBytes)
	}
	return Decode(string(content))
}

// Decode decodes the content of a file, which must contain at least one recording. An error
// names the place in the file.
func Decode(content string) ([]*Recording, error) {
	var all []*Recording
	err := json.Decode(content, func(d *json.Decoder) {
		d.Members(func(name string) {
			if name != property {
				d.Skip() // the trace events
				return
			}
			readList(d, &all, MaxRecordings, func(d *json.Decoder, r **Recording) { json.Pointer(d, r, readRecording) })
		})
	})
	if err != nil {
		return nil, fmt.Errorf("no recording of a handshake: %w", err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("no recording of a handshake: it has none in a property %q", property)
	}
	return all, nil
}

func readRecording(d *json.Decoder, r *Recording) {
	version := 0
	json.Struct(d, r, []json.Field[Recording]{
		{Name: "version", Read: func(d *json.Decoder, _ *Recording) {
			if json.Integer(d, &version); version != Version {
				d.Fail("is version "+strconv.Itoa(version), "version "+strconv.Itoa(Version))
			}
		}},
		{Name: "verb", Read: func(d *json.Decoder, r *Recording) { readText(d, &r.Verb) }},
		{Name: "container", Read: func(d *json.Decoder, r *Recording) { readText(d, &r.Container) }},
		{Name: "began", Read: func(d *json.Decoder, r *Recording) { readTime(d, &r.Began) }},
		{Name: "at", Read: func(d *json.Decoder, r *Recording) { json.Integer(d, &r.At) }},
		{Name: "ended", Read: func(d *json.Decoder, r *Recording) { json.Integer(d, &r.Ended) }},
		{Name: "parent", Read: func(d *json.Decoder, r *Recording) { readList(d, &r.Parent, MaxSteps, readStep) }},
		{Name: "child", Read: func(d *json.Decoder, r *Recording) { readList(d, &r.Child, MaxSteps, readStep) }},
		{Name: "operations", Read: func(d *json.Decoder, r *Recording) { readList(d, &r.Operations, MaxOperations, readOperation) }},
		{Name: "left_out", Read: func(d *json.Decoder, r *Recording) { json.Integer(d, &r.LeftOut) }},
		{Name: "traceparent", Read: readTraceparent},
		{Name: "fault", Read: func(d *json.Decoder, r *Recording) { json.Pointer(d, &r.Fault, readFault) }},
	})
	switch {
	case version == 0:
		d.Fail("has no version", "version "+strconv.Itoa(Version))
	case r.Ended < r.At:
		d.Fail("ended before it began", `an "ended" that is not below "at"`)
	}
}

func readList[T any](d *json.Decoder, into *[]T, most int, each func(*json.Decoder, *T)) {
	d.Elements(func() {
		if len(*into) == most {
			d.Fail("is one element too many", "at most "+strconv.Itoa(most))
			return
		}
		var value T
		each(d, &value)
		*into = append(*into, value)
	})
}

func readText(d *json.Decoder, into *string) {
	if json.String(d, into); len(*into) > MaxText {
		d.Fail("is longer", "at most "+strconv.Itoa(MaxText)+" bytes")
	}
}

func readTime(d *json.Decoder, into *time.Time) {
	var text string
	json.String(d, &text)
	parsed, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		d.Fail(json.Quote(text), "a time of RFC 3339")
		return
	}
	*into = parsed.UTC()
}

func readTraceparent(d *json.Decoder, r *Recording) {
	readText(d, &r.Traceparent)
	if _, err := ParseTraceparent(r.Traceparent); err != nil {
		d.Fail(json.Quote(r.Traceparent), "a traceparent of W3C Trace Context")
	}
}

// readStep requires either a row or a frame.
func readStep(d *json.Decoder, s *Step) {
	kind := func(sent bool) func(*json.Decoder, *Step) {
		return func(d *json.Decoder, s *Step) {
			if s.Kind != 0 {
				d.Fail("a second frame", "one")
			}
			readKind(d, &s.Kind)
			s.Sent = sent
		}
	}
	json.Struct(d, s, []json.Field[Step]{
		{Name: "at", Read: func(d *json.Decoder, s *Step) { json.Integer(d, &s.At) }},
		{Name: "row", Read: func(d *json.Decoder, s *Step) { readText(d, &s.Row) }},
		{Name: "sent", Read: kind(true)},
		{Name: "received", Read: kind(false)},
		{Name: "bytes", Read: func(d *json.Decoder, s *Step) { json.Integer(d, &s.Bytes) }},
	})
	if s.IsRow() == (s.Kind != 0) || s.Bytes < 0 {
		d.Fail("is neither a row nor a frame", `one of "row", "sent" and "received", and a size that is not negative`)
	}
}

func readKind(d *json.Decoder, into *protocol.Kind) {
	var name string
	json.String(d, &name)
	for _, kind := range protocol.Kinds() {
		if kind.String() == name {
			*into = kind
			return
		}
	}
	d.Fail(json.Quote(name), "the name of a kind of frame (SPEC.md, \"Frames\")")
}

func readOperation(d *json.Decoder, op *Operation) {
	json.Struct(d, op, []json.Field[Operation]{
		{Name: "name", Read: func(d *json.Decoder, op *Operation) { readText(d, &op.Name) }},
		{Name: "from", Read: func(d *json.Decoder, op *Operation) { readText(d, &op.From) }},
		{Name: "took", Read: func(d *json.Decoder, op *Operation) { json.Integer(d, &op.Took) }},
	})
}

func readFault(d *json.Decoder, f *Fault) {
	text := func(of func(*Fault) *string) func(*json.Decoder, *Fault) {
		return func(d *json.Decoder, f *Fault) { readText(d, of(f)) }
	}
	json.Struct(d, f, []json.Field[Fault]{
		{Name: "code", Read: text(func(f *Fault) *string { return &f.Code })},
		{Name: "machine", Read: text(func(f *Fault) *string { return &f.Machine })},
		{Name: "state", Read: text(func(f *Fault) *string { return &f.State })},
		{Name: "awaited", Read: text(func(f *Fault) *string { return &f.Awaited })},
		{Name: "op", Read: text(func(f *Fault) *string { return &f.Op })},
		{Name: "path", Read: text(func(f *Fault) *string { return &f.Path })},
		{Name: "call", Read: text(func(f *Fault) *string { return &f.Call })},
		{Name: "errno", Read: func(d *json.Decoder, f *Fault) { json.Integer(d, &f.Errno) }},
		{Name: "object", Read: text(func(f *Fault) *string { return &f.Object })},
	})
}
