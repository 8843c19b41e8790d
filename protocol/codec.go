package protocol

import (
	"bytes"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/vmihailenco/msgpack/v5"
)

// A Frame is one message of the protocol.
type Frame interface {
	Kind() Kind
	// fields lists the frame's fields in wire order, bound to the frame.
	fields() fields
}

// Empty returns a frame of the kind with every field zero. For a kind without fields that
// is the whole frame.
func Empty(kind Kind) Frame { return kinds[kind].frame() }

// Encode returns the frame's canonical bytes. It refuses whatever Decode would refuse; the
// error names the kind and the field.
func Encode(frame Frame) ([]byte, error) {
	var buffer bytes.Buffer
	encoder := msgpack.NewEncoder(&buffer)
	if err := encodeTagged(encoder, uint64(frame.Kind()), frame.fields()); err != nil {
		return nil, fmt.Errorf("encode %s: %w", frame.Kind(), err)
	}
	if buffer.Len() > MaxFrame {
		return nil, fmt.Errorf("encode %s: a frame of %d bytes; allowed are %d", frame.Kind(), buffer.Len(), MaxFrame)
	}
	var scan scanner
	scan.data = buffer.Bytes()
	scan.frame(SetOf(frame.Kind()))
	if scan.rejected != nil {
		return nil, fmt.Errorf("encode %s: %w", frame.Kind(), scan.rejected)
	}
	return buffer.Bytes(), nil
}

// Decode returns the frame encoded in data, which arrived with the given number of
// descriptors. It returns a *Malformed for everything that SPEC.md ("Encoding") forbids:
// bytes that are not the canonical encoding of a frame, a kind that is not in accept, or
// the wrong number of descriptors.
func Decode(data []byte, descriptors int, accept KindSet) (Frame, error) {
	kind, err := Scan(data, descriptors, accept)
	if err != nil {
		return nil, err
	}
	frame := kinds[kind].frame()
	decoder := msgpack.NewDecoder(bytes.NewReader(data))
	if err := decodeFrame(decoder, frame); err != nil {
		return nil, &Malformed{Reason: err.Error()}
	}
	return frame, nil
}

// Scan performs Decode's checks without decoding. It allocates nothing for a frame that it
// accepts, so the child can use it for what it receives after Ready.
func Scan(data []byte, descriptors int, accept KindSet) (Kind, error) {
	if len(data) > MaxFrame {
		return 0, &Malformed{Offset: MaxFrame, Reason: fmt.Sprintf("longer than %d bytes", MaxFrame)}
	}
	scan := scanner{data: data}
	kind := scan.frame(accept)
	if scan.rejected != nil {
		return 0, scan.rejected
	}
	if least, most := kinds[kind].descriptors.of(&scan); descriptors < least || descriptors > most {
		return 0, &Malformed{Reason: fmt.Sprintf("%s with %d descriptors; %d wanted", kind, descriptors, most)}
	}
	return kind, nil
}

func (s *scanner) frame(accept KindSet) Kind {
	if count := s.measured("an array", 0x90, 16, arrayForms); s.rejected == nil && count != 2 {
		s.reject("a frame is an array of 2 elements, not %d", count)
	}
	s.enter()
	kind := Kind(s.unsigned(1, uint64(len(kinds)-1)))
	if s.rejected == nil && !accept.Has(kind) {
		s.reject("%s is not acceptable here; acceptable: %s", kind, accept)
		s.rejected.unexpected = true
	}
	if s.rejected != nil {
		return 0
	}
	s.object(kind.prototype())
	s.leave()
	if s.rejected == nil && s.offset != len(s.data) {
		s.start = s.offset
		s.reject("%d trailing bytes", len(s.data)-s.offset)
	}
	return kind
}

// Expect prepares Scan for the given kinds. Without it, Scan allocates the first time it
// sees a kind.
func Expect(accept KindSet) {
	for kind := Kind(1); kind.valid(); kind++ {
		if accept.Has(kind) {
			kind.prototype()
		}
	}
}

// A prototype holds a kind's fields for scanning. It is made the first time the kind is
// seen: a process sees only a few kinds, and its start must be fast.
type prototype struct{ made atomic.Pointer[fields] }

// fields returns the cached fields, or makes and caches them. If two goroutines make them
// at once, both make the same.
func (p *prototype) fields(of func() fields) fields {
	made := p.made.Load()
	if made == nil {
		list := of()
		made = &list
		p.made.Store(made)
	}
	return *made
}

var kindPrototypes [len(kinds)]prototype

func (k Kind) prototype() fields {
	return kindPrototypes[k].fields(func() fields { return kinds[k].frame().fields() })
}

// of returns how many descriptors the frame that was just scanned must carry. A frame with
// one descriptor per operation has no list other than that of its operations.
func (c descriptorCount) of(scanned *scanner) (least, most int) {
	most = [...]int{0, 1, 1, scanned.elements}[c]
	if c == oneDescriptorAtMost {
		return 0, most
	}
	return most, most
}

func (c descriptorCount) String() string {
	return [...]string{"none", "one", "at most one", "one for each operation named"}[c]
}

// encodeTagged writes an array of two elements: a number and a map of fields.
func encodeTagged(e *msgpack.Encoder, tag uint64, list fields) error {
	if err := encodeTag(e, tag); err != nil {
		return err
	}
	return encodeFields(e, list)
}

func encodeTag(e *msgpack.Encoder, tag uint64) error {
	if err := e.EncodeArrayLen(2); err != nil {
		return err
	}
	return e.EncodeUint(tag)
}

func encodeFields(e *msgpack.Encoder, list fields) error {
	if err := e.EncodeMapLen(len(list)); err != nil {
		return err
	}
	for _, field := range list {
		if err := e.EncodeString(field.name); err != nil {
			return err
		}
		if err := field.value.encode(e); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return nil
}

func decodeFrame(d *msgpack.Decoder, frame Frame) error {
	if _, err := d.DecodeArrayLen(); err != nil {
		return err
	}
	if _, err := d.DecodeUint64(); err != nil {
		return err
	}
	return decodeFields(d, frame.fields())
}

func decodeFields(d *msgpack.Decoder, list fields) error {
	count, err := d.DecodeMapLen()
	if err != nil {
		return err
	}
	if count != len(list) {
		return errors.New("scan and decode disagree")
	}
	longest := 0
	for _, field := range list {
		longest = max(longest, len(field.name))
	}
	name := make([]byte, longest) // reused for every name
	for _, field := range list {
		if err := skipName(d, name[:len(field.name)]); err != nil {
			return err
		}
		if err := field.value.decode(d); err != nil {
			return fmt.Errorf("%s: %w", field.name, err)
		}
	}
	return nil
}

// skipName skips a field's name, which scan has already compared, without allocating a
// string. The name's bytes are read into name, which has their length.
func skipName(d *msgpack.Decoder, name []byte) error {
	length, err := d.DecodeBytesLen()
	if err != nil {
		return err
	}
	if length != len(name) {
		return errors.New("scan and decode disagree")
	}
	return d.ReadFull(name)
}
