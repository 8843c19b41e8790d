package systemd

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/godbus/dbus/v5"
)

// allowedValues describes what parseValue accepts, for people.
const allowedValues = "true, 15, uint64 5000000, 1.5, 'text' or ['a.service', 'b.service']"

// parseValue parses a value in GVariant's text format (GLib, "GVariant Text Format"),
// restricted to the types that properties of a scope have: booleans, numbers, strings and
// lists of strings. A type may precede the value where another would be assumed: uint64 5,
// @as []. The bus library's parser handles all types, but panics on some texts and never
// returns on others.
func parseValue(text string) (dbus.Variant, error) {
	kind, rest, err := cutType(strings.TrimSpace(text))
	if err != nil {
		return dbus.Variant{}, err
	}
	var value any
	switch {
	case strings.HasPrefix(rest, "["):
		value, err = parseStrings(rest)
		if kind != "" && kind != "as" {
			err = fmt.Errorf("a list is not of type %s", kind)
		}
	case strings.HasPrefix(rest, "'"), strings.HasPrefix(rest, `"`):
		value, err = parseText(kind, rest)
	case rest == "true" || rest == "false":
		value = rest == "true"
		if kind != "" && kind != "b" {
			err = fmt.Errorf("%s is not of type %s", rest, kind)
		}
	default:
		value, err = parseNumber(kind, rest)
	}
	if err != nil {
		return dbus.Variant{}, err
	}
	return dbus.MakeVariant(value), nil
}

// typeNames maps GVariant's type names to D-Bus types.
var typeNames = map[string]string{
	"boolean": "b", "byte": "y", "int16": "n", "uint16": "q", "int32": "i", "uint32": "u", "int64": "x", "uint64": "t",
	"double": "d", "string": "s", "objectpath": "o",
}

// cutType cuts off the type: a word, or a signature after @.
func cutType(text string) (kind, rest string, err error) {
	word, rest, found := strings.Cut(text, " ")
	if signature, is := strings.CutPrefix(word, "@"); is {
		if len(signature) != 1 && signature != "as" || !found {
			return "", "", fmt.Errorf("the type %q is not one of those that properties have", word)
		}
		return signature, strings.TrimSpace(rest), nil
	}
	if kind, is := typeNames[word]; is && found {
		return kind, strings.TrimSpace(rest), nil
	}
	return "", text, nil
}

// parseText parses a string or an object path.
func parseText(kind, text string) (any, error) {
	content, rest, err := cutString(text)
	switch {
	case err != nil:
		return nil, err
	case rest != "":
		return nil, fmt.Errorf("%q follows the string", rest)
	case kind == "o":
		path := dbus.ObjectPath(content)
		if !path.IsValid() {
			return nil, fmt.Errorf("%q is no object path", content)
		}
		return path, nil
	case kind == "" || kind == "s":
		return content, nil
	}
	return nil, fmt.Errorf("a string is not of type %s", kind)
}

// parseStrings parses a list of strings.
func parseStrings(text string) ([]string, error) {
	list := []string{}
	rest := strings.TrimSpace(text[1:])
	if rest == "]" {
		return list, nil
	}
	for {
		item, after, err := cutString(rest)
		if err != nil {
			return nil, err
		}
		list = append(list, item)
		after = strings.TrimSpace(after)
		switch {
		case after == "]":
			return list, nil
		case strings.HasPrefix(after, ","):
			rest = strings.TrimSpace(after[1:])
		default:
			return nil, errors.New("a list is not closed by ]")
		}
	}
}

// cutString cuts a quoted string off the beginning. The only escapes are those of the
// quotes, the backslash, \n and \t.
func cutString(text string) (content, rest string, err error) {
	if text == "" || text[0] != '\'' && text[0] != '"' {
		return "", "", errors.New("a string in quotes is missing")
	}
	var unquoted strings.Builder
	for at := 1; at < len(text); at++ {
		switch b := text[at]; {
		case b == text[0]:
			if !utf8.ValidString(unquoted.String()) || strings.Contains(unquoted.String(), "\x00") {
				return "", "", errors.New("a string is not UTF-8, or has a NUL")
			}
			return unquoted.String(), text[at+1:], nil
		case b == '\\':
			at++
			escaped := byte(0)
			if at < len(text) {
				escaped = map[byte]byte{'\\': '\\', '\'': '\'', '"': '"', 'n': '\n', 't': '\t'}[text[at]]
			}
			if escaped == 0 {
				return "", "", errors.New(`an escape is not one of \\ \' \" \n \t`)
			}
			unquoted.WriteByte(escaped)
		default:
			unquoted.WriteByte(b)
		}
	}
	return "", "", errors.New("a string is not closed")
}

// integers holds the size and signedness of each integer type.
var integers = map[string]struct {
	bits   int
	signed bool
	value  func(int64, uint64) any
}{
	"y": {8, false, func(_ int64, u uint64) any { return byte(u) }},
	"n": {16, true, func(i int64, _ uint64) any { return int16(i) }},
	"q": {16, false, func(_ int64, u uint64) any { return uint16(u) }},
	"i": {32, true, func(i int64, _ uint64) any { return int32(i) }},
	"u": {32, false, func(_ int64, u uint64) any { return uint32(u) }},
	"x": {64, true, func(i int64, _ uint64) any { return i }},
	"t": {64, false, func(_ int64, u uint64) any { return u }},
}

// parseNumber parses a number. Unless the type says otherwise, it is a 32-bit integer, or
// floating-point if it has a point or an exponent.
func parseNumber(kind, text string) (any, error) {
	if kind == "" {
		kind = "i"
		if strings.ContainsAny(text, ".eE") && !strings.HasPrefix(text, "0x") {
			kind = "d"
		}
	}
	wrong := fmt.Errorf("%q is not of type %s", text, kind)
	if kind == "d" {
		value, err := strconv.ParseFloat(text, 64)
		if err != nil || value-value != 0 { // infinite, or not a number
			return nil, wrong
		}
		return value, nil
	}
	integer, is := integers[kind]
	if !is || strings.Contains(text, "_") {
		return nil, wrong
	}
	if integer.signed {
		value, err := strconv.ParseInt(text, 0, integer.bits)
		if err != nil {
			return nil, wrong
		}
		return integer.value(value, 0), nil
	}
	value, err := strconv.ParseUint(text, 0, integer.bits)
	if err != nil {
		return nil, wrong
	}
	return integer.value(0, value), nil
}
