package strictjson

import "strconv"

// Field binds a name in an object to the reader of its value.
type Field[T any] struct {
	Name string
	Read func(*Decoder, *T)
	// Required refuses an object without the name, where zero would be a guess.
	Required bool
}

// Struct reads an object with a table of at most 64 fields. Unknown names are recorded for
// [Decoder.Unknown], and their values are read strictly and dropped. A name that differs
// from a known one only in case is refused.
func Struct[T any](d *Decoder, into *T, fields []Field[T]) {
	var given uint64 // by index
	d.Members(func(name string) {
		for i := range fields {
			if fields[i].Name == name {
				if !d.Null() {
					given |= 1 << i
					fields[i].Read(d, into)
				}
				return
			}
		}
		d.pass(name, len(fields), func(i int) string { return fields[i].Name })
	})
	for i := range fields {
		if fields[i].Required && given&(1<<i) == 0 {
			d.missing(fields[i].Name)
		}
	}
}

// Drop reads and drops the value of a known name that has no meaning here.
func Drop[T any](d *Decoder, _ *T) { d.Skip() }

// Pointer reads a value that may be absent.
func Pointer[T any](d *Decoder, into **T, read func(*Decoder, *T)) {
	value := new(T)
	read(d, value)
	*into = value
}

// List reads a list of values.
func List[T any](d *Decoder, into *[]T, read func(*Decoder, *T)) {
	const usually = 4
	values := []T{}
	d.Elements(func() {
		if cap(values) == 0 {
			values = make([]T, 0, usually)
		}
		var empty T
		values = append(values, empty)
		read(d, &values[len(values)-1])
	})
	*into = values
}

// Map reads an object whose names are data.
func Map[T any](d *Decoder, into *map[string]T, read func(*Decoder, *T)) {
	values := map[string]T{}
	d.Members(func(name string) {
		var value T
		read(d, &value)
		values[name] = value
	})
	*into = values
}

// String reads a string.
func String[T ~string](d *Decoder, into *T) {
	if d.begin() != '"' {
		d.mismatch("a string")
		return
	}
	*into = T(d.quoted())
}

// Bool reads true or false.
func Bool(d *Decoder, into *bool) {
	switch d.begin() {
	case 't':
		d.literal("true")
		*into = true
	case 'f':
		d.literal("false")
		*into = false
	default:
		d.mismatch("true or false")
	}
}

type integer interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64
}

// Integer reads an integer in the range of its type. It refuses fractions and exponents,
// even if the value is an integer.
func Integer[T integer](d *Decoder, into *T) {
	low, high := bounds[T]()
	allowed := func() string {
		return "an integer " + strconv.FormatInt(low, 10) + ".." + strconv.FormatUint(high, 10)
	}
	if c := d.begin(); c != '-' && (c < '0' || c > '9') {
		d.mismatch(allowed())
		return
	}
	text := d.number()
	if d.err != nil {
		return
	}
	if low < 0 {
		value, err := strconv.ParseInt(text, 10, 64)
		if err != nil || value < low || value > int64(high) {
			d.Fail(shorten(text), allowed())
			return
		}
		*into = T(value)
		return
	}
	value, err := strconv.ParseUint(text, 10, 64)
	if err != nil || value > high {
		d.Fail(shorten(text), allowed())
		return
	}
	*into = T(value)
}

func shorten(number string) string {
	if len(number) > maxQuoted {
		return number[:maxQuoted] + "..."
	}
	return number
}

// bounds returns the range of an integer type.
func bounds[T integer]() (low int64, high uint64) {
	if ^T(0) > 0 {
		return 0, uint64(^T(0))
	}
	top := T(1)
	for top<<1 > 0 {
		top <<= 1
	}
	high = uint64(top)<<1 - 1
	return -int64(high) - 1, high
}
