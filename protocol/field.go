package protocol

import (
	"fmt"
	"math"

	"github.com/vmihailenco/msgpack/v5"
)

// A field is one named value of a frame or an operation. A struct's fields are listed once,
// in wire order; that list is used to scan, decode, encode and describe it.
type field struct {
	name    string
	value   value
	meaning string // for SPEC.md
}

type fields []field

// A value binds one Go variable to its wire form.
type value interface {
	// scan takes the scanner by value: a pointer passed through an interface would make
	// every scanner escape to the heap.
	scan(scanner) scanner
	// decode reads what scan has accepted.
	decode(*msgpack.Decoder) error
	// encode refuses what scan would.
	encode(*msgpack.Encoder) error
	// describe returns the type and range for SPEC.md.
	describe() string
}

// outOfRange is the encoder's error for a value that a decoder would refuse.
type outOfRange struct{ what string }

func (o outOfRange) Error() string { return o.what }

type unsignedInteger interface {
	~uint8 | ~uint16 | ~uint32 | ~uint64 | ~uint | ~uintptr
}

type unsignedValue[T unsignedInteger] struct {
	to          *T
	least, most uint64
}

func unsigned[T unsignedInteger](to *T, least, most uint64) value {
	return unsignedValue[T]{to, least, most}
}

func (v unsignedValue[T]) scan(s scanner) scanner {
	s.unsigned(v.least, v.most)
	return s
}

func (v unsignedValue[T]) decode(d *msgpack.Decoder) error {
	number, err := d.DecodeUint64()
	*v.to = T(number)
	return err
}

func (v unsignedValue[T]) encode(e *msgpack.Encoder) error {
	if number := uint64(*v.to); number < v.least || number > v.most {
		return outOfRange{fmt.Sprintf("%d is outside %d..%d", number, v.least, v.most)}
	}
	return e.EncodeUint(uint64(*v.to))
}

func (v unsignedValue[T]) describe() string {
	if v.most == math.MaxUint64 {
		return fmt.Sprintf("unsigned integer, %d..2^64-1", v.least)
	}
	return fmt.Sprintf("unsigned integer, %d..%d", v.least, v.most)
}

type signedValue struct {
	to          *int
	least, most int64
}

func signed(to *int, least, most int64) value { return signedValue{to, least, most} }

func (v signedValue) scan(s scanner) scanner {
	s.signed(v.least, v.most)
	return s
}

func (v signedValue) decode(d *msgpack.Decoder) error {
	number, err := d.DecodeInt64()
	*v.to = int(number)
	return err
}

func (v signedValue) encode(e *msgpack.Encoder) error {
	if number := int64(*v.to); number < v.least || number > v.most {
		return outOfRange{fmt.Sprintf("%d is outside %d..%d", number, v.least, v.most)}
	}
	return e.EncodeInt(int64(*v.to))
}

func (v signedValue) describe() string { return fmt.Sprintf("integer, %d..%d", v.least, v.most) }

type booleanValue struct{ to *bool }

func boolean(to *bool) value { return booleanValue{to} }

func (v booleanValue) scan(s scanner) scanner {
	s.boolean()
	return s
}

func (v booleanValue) decode(d *msgpack.Decoder) (err error) {
	*v.to, err = d.DecodeBool()
	return err
}

func (v booleanValue) encode(e *msgpack.Encoder) error { return e.EncodeBool(*v.to) }
func (v booleanValue) describe() string                { return "boolean" }

type textValue struct {
	to          *string
	least, most int
}

// text is a string of least to most bytes without NUL.
func text(to *string, least, most int) value { return textValue{to, least, most} }

func (v textValue) scan(s scanner) scanner {
	s.text(v.least, v.most)
	return s
}

func (v textValue) decode(d *msgpack.Decoder) (err error) {
	*v.to, err = d.DecodeString()
	return err
}

func (v textValue) encode(e *msgpack.Encoder) error { return encodeText(e, *v.to, v.least, v.most) }
func (v textValue) describe() string                { return fmt.Sprintf("string, %d..%d bytes", v.least, v.most) }

func encodeText(e *msgpack.Encoder, content string, least, most int) error {
	if len(content) < least || len(content) > most {
		return outOfRange{fmt.Sprintf("a string of %d bytes; allowed are %d..%d", len(content), least, most)}
	}
	for i := range len(content) {
		if content[i] == 0 {
			return outOfRange{"a string with a NUL byte"}
		}
	}
	return e.EncodeString(content)
}

type binaryValue struct {
	to          *[]byte
	least, most int
}

// binaryData is a byte string of least to most bytes.
func binaryData(to *[]byte, least, most int) value { return binaryValue{to, least, most} }

func (v binaryValue) scan(s scanner) scanner {
	s.binary(v.least, v.most)
	return s
}

func (v binaryValue) decode(d *msgpack.Decoder) error {
	content, err := d.DecodeBytes()
	if len(content) == 0 {
		content = nil // encoded like an empty list
	}
	*v.to = content
	return err
}

func (v binaryValue) encode(e *msgpack.Encoder) error {
	if size := len(*v.to); size < v.least || size > v.most {
		return outOfRange{fmt.Sprintf("binary data of %d bytes; allowed are %d..%d", size, v.least, v.most)}
	}
	if *v.to == nil {
		return e.EncodeBytesLen(0)
	}
	return e.EncodeBytes(*v.to)
}

func (v binaryValue) describe() string { return fmt.Sprintf("binary, %d..%d bytes", v.least, v.most) }
