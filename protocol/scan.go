package protocol

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"unicode/utf8"
)

// scanner walks a frame's bytes and accepts only the canonical encoding. It allocates
// nothing until it rejects something. The first rejection sticks; every later step is a
// no-op.
type scanner struct {
	data     []byte
	offset   int
	start    int // where the number, string, list or map being read starts
	depth    int
	elements int
	field    string
	rejected *Malformed
}

func (s *scanner) reject(format string, arguments ...any) {
	if s.rejected == nil {
		s.rejected = &Malformed{Offset: s.start, Field: s.field, Reason: fmt.Sprintf(format, arguments...)}
	}
}

// take returns the next count bytes, or nil if the frame has been rejected.
func (s *scanner) take(count int) []byte {
	if s.rejected != nil {
		return nil
	}
	if count > len(s.data)-s.offset {
		s.reject("truncated: %d bytes wanted, %d left", count, len(s.data)-s.offset)
		return nil
	}
	taken := s.data[s.offset : s.offset+count]
	s.offset += count
	return taken
}

// takeByte takes the first byte of the next number, string, list or map.
func (s *scanner) takeByte() (byte, bool) {
	if s.rejected == nil {
		s.start = s.offset
	}
	taken := s.take(1)
	if taken == nil {
		return 0, false
	}
	return taken[0], true
}

// number reads a big-endian number of width bytes and rejects a value that a shorter form
// could hold.
func (s *scanner) number(width int, least uint64) uint64 {
	taken := s.take(width)
	if taken == nil {
		return 0
	}
	var value uint64
	switch width {
	case 1:
		value = uint64(taken[0])
	case 2:
		value = uint64(binary.BigEndian.Uint16(taken))
	case 4:
		value = uint64(binary.BigEndian.Uint32(taken))
	case 8:
		value = binary.BigEndian.Uint64(taken)
	}
	if value < least {
		s.reject("%d is not in its shortest form", value)
	}
	return value
}

// form is a msgpack first byte that announces a number or a length: how many bytes follow,
// and the smallest value that needs them.
type form struct {
	code  byte
	width int
	least uint64
}

var (
	unsignedForms = []form{{0xcc, 1, 0x80}, {0xcd, 2, 0x100}, {0xce, 4, 0x1_0000}, {0xcf, 8, 0x1_0000_0000}}
	textForms     = []form{{0xd9, 1, 32}, {0xda, 2, 0x100}, {0xdb, 4, 0x1_0000}}
	binaryForms   = []form{{0xc4, 1, 0}, {0xc5, 2, 0x100}, {0xc6, 4, 0x1_0000}}
	arrayForms    = []form{{0xdc, 2, 16}, {0xdd, 4, 0x1_0000}}
	mapForms      = []form{{0xde, 2, 16}, {0xdf, 4, 0x1_0000}}
)

// measured reads a first byte and returns the number it announces. The byte is one of the
// count fixed forms from fix on, which hold the number themselves, or one of forms.
func (s *scanner) measured(what string, fix, count byte, forms []form) uint64 {
	first, ok := s.takeByte()
	if !ok {
		return 0
	}
	if first >= fix && first-fix < count {
		return uint64(first - fix)
	}
	for _, form := range forms {
		if first == form.code {
			return s.number(form.width, form.least)
		}
	}
	s.reject("%s wanted, found byte 0x%02x", what, first)
	return 0
}

func (s *scanner) unsigned(least, most uint64) uint64 {
	value := s.measured("an unsigned integer", 0x00, 128, unsignedForms)
	if s.rejected == nil && (value < least || value > most) {
		s.reject("%d is outside %d..%d", value, least, most)
	}
	return value
}

// signed accepts what unsigned accepts, and negative numbers.
func (s *scanner) signed(least, most int64) {
	first, ok := s.takeByte()
	if !ok {
		return
	}
	var value int64
	switch {
	case first >= 0xe0:
		value = int64(int8(first))
	case first == 0xd0:
		value = int64(int8(s.number(1, 0)))
		s.shortest(value, -32)
	case first == 0xd1:
		value = int64(int16(s.number(2, 0)))
		s.shortest(value, -1<<7)
	case first == 0xd2:
		value = int64(int32(s.number(4, 0)))
		s.shortest(value, -1<<15)
	case first == 0xd3:
		value = int64(s.number(8, 0))
		s.shortest(value, -1<<31)
	default:
		s.offset--
		positive := s.measured("an integer", 0x00, 128, unsignedForms)
		if positive > math.MaxInt64 {
			s.reject("%d is outside %d..%d", positive, least, most)
		}
		value = int64(positive)
	}
	if s.rejected == nil && (value < least || value > most) {
		s.reject("%d is outside %d..%d", value, least, most)
	}
}

// shortest rejects a negative number that a shorter form could hold.
func (s *scanner) shortest(value, below int64) {
	if s.rejected == nil && value >= below {
		s.reject("%d is not in its shortest form", value)
	}
}

func (s *scanner) boolean() {
	first, ok := s.takeByte()
	if ok && first != 0xc2 && first != 0xc3 {
		s.reject("a boolean wanted, found byte 0x%02x", first)
	}
}

// text accepts any bytes except NUL, UTF-8 or not: it carries paths, arguments and
// environment strings, and Linux requires no more of those.
func (s *scanner) text(least, most int) []byte {
	content := s.sized("a string", s.measured("a string", 0xa0, 32, textForms), least, most)
	if bytes.IndexByte(content, 0) >= 0 {
		s.reject("a string with a NUL byte")
	}
	return content
}

func (s *scanner) binary(least, most int) {
	s.sized("binary data", s.measured("binary data", 0, 0, binaryForms), least, most)
}

func (s *scanner) sized(what string, size uint64, least, most int) []byte {
	if s.rejected == nil && (size < uint64(least) || size > uint64(most)) {
		s.reject("%s of %d bytes; allowed are %d..%d", what, size, least, most)
	}
	return s.take(int(size))
}

// array enters an array of least to most elements and returns their number; leave must
// follow. The elements of all lists in a frame count against MaxElements.
func (s *scanner) array(least, most int) int {
	count := s.measured("an array", 0x90, 16, arrayForms)
	s.enter()
	if s.rejected == nil && (count < uint64(least) || count > uint64(most)) {
		s.reject("an array of %d elements; allowed are %d..%d", count, least, most)
	}
	if s.rejected != nil {
		return 0
	}
	s.elements += int(count)
	if s.elements > MaxElements {
		s.reject("more than %d list elements in one frame", MaxElements)
		return 0
	}
	return int(count)
}

func (s *scanner) enter() {
	s.depth++
	if s.depth > MaxDepth {
		s.reject("nested deeper than %d", MaxDepth)
	}
}

func (s *scanner) leave() { s.depth-- }

// object scans a map that holds exactly these fields in this order, so that no key can be
// missing, unknown, duplicate or out of place.
func (s *scanner) object(list fields) {
	count := s.measured("a map", 0x80, 16, mapForms)
	s.enter()
	if s.rejected == nil && count != uint64(len(list)) {
		s.reject("a map of %d fields; %d wanted", count, len(list))
	}
	outer := s.field
	for _, field := range list {
		s.field = field.name
		key := s.text(1, MaxName)
		if s.rejected == nil && string(key) != field.name {
			s.reject("key %q wanted, found %q", field.name, printable(key))
		}
		if s.rejected != nil {
			return
		}
		*s = field.value.scan(*s)
	}
	s.field = outer
	s.leave()
}

// printable shortens a peer's key for an error message.
func printable(key []byte) string {
	const most = 32
	if len(key) > most {
		key = key[:most]
	}
	if !utf8.Valid(key) {
		return fmt.Sprintf("%x", key)
	}
	return string(key)
}
