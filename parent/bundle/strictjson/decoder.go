package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Bounds on a document. The caller must bound its size in bytes.
const (
	// MaxDepth is how deeply objects and lists may nest.
	MaxDepth = 64
	// MaxValues is how many values of any kind a document may hold.
	MaxValues = 1 << 19
	// MaxObjects is how many objects a document may hold. An object takes far more memory
	// when read than the two bytes that it may take in the text.
	MaxObjects = 1 << 16
)

// Decoder reads one document. The first error sticks: every method does nothing after it,
// so that readers need no error handling of their own.
type Decoder struct {
	text    string
	offset  int
	path    []step
	values  int
	objects int
	unknown Unknowns
	err     *Error
}

// Decode reads the only value in text with read. It returns an *Error or nil.
func Decode(text string, read func(*Decoder)) error {
	d := &Decoder{text: text}
	read(d)
	d.skipSpace()
	if d.err == nil && d.offset < len(text) {
		d.syntax("nothing after the document's value")
	}
	if d.err != nil {
		return d.err
	}
	return nil
}

// Fail records an error about the value being read, unless an error was recorded before.
func (d *Decoder) Fail(found, allowed string) {
	if d.err == nil {
		d.err = &Error{Path: renderPath(d.path), Found: found, Allowed: allowed}
	}
}

// missing records that the object being read lacks a required name.
func (d *Decoder) missing(name string) {
	if d.err == nil {
		path := append(d.path[:len(d.path):len(d.path)], step{name: name, index: -1})
		d.err = &Error{Path: renderPath(path), Found: "is missing", Allowed: "a value; there is no default"}
	}
}

// Failed reports whether an error was recorded.
func (d *Decoder) Failed() bool { return d.err != nil }

func (d *Decoder) syntax(allowed string) {
	line := 1 + strings.Count(d.text[:d.offset], "\n")
	column := d.offset - strings.LastIndexByte(d.text[:d.offset], '\n')
	found := "the document ends"
	if d.offset < len(d.text) {
		r, size := utf8.DecodeRuneInString(d.text[d.offset:])
		if r == utf8.RuneError && size == 1 {
			found = "invalid UTF-8"
		} else {
			found = strconv.QuoteRune(r) + " stands"
		}
	}
	d.Fail(found+" at line "+strconv.Itoa(line)+", column "+strconv.Itoa(column), allowed)
}

func (d *Decoder) skipSpace() {
	for d.offset < len(d.text) {
		switch d.text[d.offset] {
		case ' ', '\t', '\n', '\r':
			d.offset++
		default:
			return
		}
	}
}

// peek returns the first byte of the next token, or 0 at the end of the text or after an
// error.
func (d *Decoder) peek() byte {
	if d.err != nil {
		return 0
	}
	d.skipSpace()
	if d.offset == len(d.text) {
		return 0
	}
	return d.text[d.offset]
}

// begin counts the value that begins here and returns its first byte.
func (d *Decoder) begin() byte {
	first := d.peek()
	if d.err != nil {
		return 0
	}
	if d.values++; d.values > MaxValues {
		d.Fail("the document holds more than "+strconv.Itoa(MaxValues)+" values", "at most "+strconv.Itoa(MaxValues))
		return 0
	}
	return first
}

// Null consumes a null and reports whether there was one.
func (d *Decoder) Null() bool {
	if d.peek() != 'n' {
		return false
	}
	d.values++
	d.literal("null")
	return true
}

func (d *Decoder) literal(word string) {
	if !strings.HasPrefix(d.text[d.offset:], word) {
		d.syntax("a value")
		return
	}
	d.offset += len(word)
}

// describe reads the next value, which must exist, and says what it is.
func (d *Decoder) describe() string {
	switch c := d.peek(); {
	case c == '"':
		if text := d.quoted(); d.err == nil {
			return Quote(text) + " is a string"
		}
		return ""
	case c == '{':
		return "an object"
	case c == '[':
		return "a list"
	case c == 't', c == 'f':
		return "a boolean"
	case c == 'n':
		return "null"
	default:
		return shorten(d.number()) + " is a number"
	}
}

// mismatch records that the next value has the wrong type or is missing.
func (d *Decoder) mismatch(allowed string) {
	switch c := d.peek(); {
	case d.err != nil:
	case c == '"', c == '{', c == '[', c == 't', c == 'f', c == 'n', c == '-', '0' <= c && c <= '9':
		found := d.describe()
		d.Fail(found, allowed)
	default:
		d.syntax("a value")
	}
}

// enter consumes an opening bracket.
func (d *Decoder) enter() {
	d.offset++
	if len(d.path) >= MaxDepth {
		d.Fail("nested deeper than "+strconv.Itoa(MaxDepth)+" levels", "at most "+strconv.Itoa(MaxDepth)+" levels")
	}
}

// more advances to the next member of a list or object. It consumes the comma between two
// members, or the closing bracket after the last.
func (d *Decoder) more(closing byte, first bool) bool {
	switch c := d.peek(); {
	case d.err != nil:
		return false
	case c == closing:
		d.offset++
		return false
	case first:
		return true
	case c == ',':
		d.offset++
		return true
	default:
		d.syntax("a comma or " + strconv.QuoteRune(rune(closing)))
		return false
	}
}

// Members reads an object and calls member for each name; member must read the value.
func (d *Decoder) Members(member func(name string)) {
	if d.begin() != '{' {
		d.mismatch("an object")
		return
	}
	if d.objects++; d.objects > MaxObjects {
		d.Fail("the document holds more than "+strconv.Itoa(MaxObjects)+" objects", "at most "+strconv.Itoa(MaxObjects))
		return
	}
	d.enter()
	var seen nameSet
	for first := true; d.more('}', first); first = false {
		if d.peek() != '"' {
			d.syntax("a name in double quotes")
			return
		}
		name := d.quoted()
		d.path = append(d.path, step{name: name, index: -1})
		if d.err == nil && !seen.add(name) {
			d.Fail("is given more than once", "one value for each name")
		}
		if d.peek() != ':' {
			d.syntax("a colon after the name")
			return
		}
		d.offset++
		member(name)
		if d.err != nil {
			return
		}
		d.path = d.path[:len(d.path)-1]
	}
}

// Elements reads a list and calls element for each of its values.
func (d *Decoder) Elements(element func()) {
	if d.begin() != '[' {
		d.mismatch("a list")
		return
	}
	d.enter()
	index := 0
	for d.more(']', index == 0) {
		d.path = append(d.path, step{index: index})
		element()
		if d.err != nil {
			return
		}
		d.path = d.path[:len(d.path)-1]
		index++
	}
}

// Skip reads and drops a value of any type, as strictly as one that is used.
func (d *Decoder) Skip() {
	switch c := d.peek(); {
	case d.err != nil:
	case c == '{':
		d.Members(func(string) { d.Skip() })
	case c == '[':
		d.Elements(d.Skip)
	case c == '"':
		d.begin()
		d.quoted()
	case c == 't', c == 'f':
		var dropped bool
		Bool(d, &dropped)
	case c == 'n':
		d.Null()
	case c == '-', '0' <= c && c <= '9':
		d.begin()
		d.number()
	default:
		d.syntax("a value")
	}
}

// quoted reads a string. The caller has seen its opening quote.
func (d *Decoder) quoted() string {
	start := d.offset + 1
	for i := start; i < len(d.text); i++ {
		switch c := d.text[i]; {
		case c == '"':
			d.offset = i + 1
			return d.checked(d.text[start:i])
		case c == '\\':
			return d.escapedText(start, i)
		case c < ' ':
			d.offset = i
			d.syntax("a control character only as an escape")
			return ""
		}
	}
	d.offset = len(d.text)
	d.syntax("a closing double quote")
	return ""
}

// escapedText reads the rest of a string from its first backslash on.
func (d *Decoder) escapedText(start, backslash int) string {
	decoded := append([]byte(nil), d.text[start:backslash]...)
	for i := backslash; i < len(d.text); {
		switch c := d.text[i]; {
		case c == '"':
			d.offset = i + 1
			return d.checked(string(decoded))
		case c == '\\':
			d.offset = i
			var ok bool
			if decoded, ok = d.escape(decoded); !ok {
				d.syntax("an escape of RFC 8259, section 7")
				return ""
			}
			i = d.offset
		case c < ' ':
			d.offset = i
			d.syntax("a control character only as an escape")
			return ""
		default:
			decoded = append(decoded, c)
			i++
		}
	}
	d.offset = len(d.text)
	d.syntax("a closing double quote")
	return ""
}

const (
	escapeLetters = `"\/bfnrt`
	escapeMeaning = "\"\\/\b\f\n\r\t"
)

// escape decodes the escape sequence at the current offset and moves past it.
func (d *Decoder) escape(decoded []byte) ([]byte, bool) {
	rest := d.text[d.offset:]
	if len(rest) < 2 {
		return nil, false
	}
	if at := strings.IndexByte(escapeLetters, rest[1]); at >= 0 {
		d.offset += 2
		return append(decoded, escapeMeaning[at]), true
	}
	r, ok := unicodeEscape(rest)
	if !ok {
		return nil, false
	}
	length := 6
	if utf16.IsSurrogate(r) {
		low, ok := unicodeEscape(rest[6:])
		r = utf16.DecodeRune(r, low)
		if !ok || r == utf8.RuneError {
			return nil, false
		}
		length = 12
	}
	d.offset += length
	return utf8.AppendRune(decoded, r), true
}

// unicodeEscape decodes \uXXXX at the start of text.
func unicodeEscape(text string) (rune, bool) {
	if len(text) < 6 || text[0] != '\\' || text[1] != 'u' {
		return 0, false
	}
	value, err := strconv.ParseUint(text[2:6], 16, 16)
	return rune(value), err == nil
}

// checked refuses text that the kernel or a log could read differently.
func (d *Decoder) checked(text string) string {
	if at := strings.IndexByte(text, 0); at >= 0 {
		d.Fail("contains a NUL character at byte "+strconv.Itoa(at), "text without NUL")
		return ""
	}
	if !utf8.ValidString(text) {
		d.Fail("is not valid UTF-8", "UTF-8 text")
		return ""
	}
	return text
}

// number reads a number and returns its text, or "" after an error.
func (d *Decoder) number() string {
	start := d.offset
	d.accept("-")
	if !d.accept("0") && !d.digits() {
		d.syntax("a digit")
		return ""
	}
	if d.accept(".") && !d.digits() {
		d.syntax("a digit")
		return ""
	}
	if d.accept("eE") {
		d.accept("+-")
		if !d.digits() {
			d.syntax("a digit")
			return ""
		}
	}
	return d.text[start:d.offset]
}

// accept consumes one byte if it is in set.
func (d *Decoder) accept(set string) bool {
	if d.offset < len(d.text) && strings.IndexByte(set, d.text[d.offset]) >= 0 {
		d.offset++
		return true
	}
	return false
}

// digits consumes at least one digit.
func (d *Decoder) digits() bool {
	start := d.offset
	for d.offset < len(d.text) && '0' <= d.text[d.offset] && d.text[d.offset] <= '9' {
		d.offset++
	}
	return d.offset > start
}

// nameSet finds duplicate names: by linear search while there are few, as there nearly
// always are, otherwise with a map.
type nameSet struct {
	few  [16]string
	used int
	many map[string]struct{}
}

// add reports whether name is new.
func (s *nameSet) add(name string) bool {
	if s.many == nil && s.used < len(s.few) {
		for _, known := range s.few[:s.used] {
			if known == name {
				return false
			}
		}
		s.few[s.used] = name
		s.used++
		return true
	}
	if s.many == nil {
		s.many = make(map[string]struct{}, 2*len(s.few))
		for _, known := range s.few {
			s.many[known] = struct{}{}
		}
	}
	if _, known := s.many[name]; known {
		return false
	}
	s.many[name] = struct{}{}
	return true
}
