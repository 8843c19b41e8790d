package systemd

import (
	"fmt"
	"testing"
)

func TestParseValue(t *testing.T) {
	for text, want := range map[string]string{
		"true": "b true", "boolean false": "b false", "@b true": "b true",
		"15": "i 15", "-1": "i -1", "0x10": "i 16", "uint64 5000000": "t 5000000", "@t 5": "t 5", "byte 255": "y 255",
		"int16 -5": "n -5", "uint16 5": "q 5", "uint32  5": "u 5", "int64 -9223372036854775808": "x -9223372036854775808",
		"1.5": "d 1.5", "1e3": "d 1000", "double 2": "d 2",
		"'text'": "s text", `"it's"`: "s it's", `'a\'b\\\n'`: "s a'b\\\n", "string 'x'": "s x", "''": "s ",
		"objectpath '/a/b'": "o /a/b",
		"['a', \"b\"]":      "as [a b]", "[ 'a' ,'b' ]": "as [a b]", "@as []": "as []", "[]": "as []",

		"": "error", "x": "error", "'": "error", "'a": "error", "'a' b": "error", `'\u0041'`: "error", `'\`: "error",
		"'\xff'": "error", "'\x00'": "error", "[": "error", "['a'": "error", "['a' 'b']": "error", "['a',]": "error", "[1]": "error",
		"uint64 -1": "error", "byte 256": "error", "2147483648": "error", "uint64": "error", "uint64 'a'": "error", "@a{sv} {}": "error",
		"@s 5": "error", "string 5": "error", "boolean 1": "error", "byte true": "error", "string ['a']": "error", "1_000": "error",
		"NaN": "error", "double inf": "error", "objectpath 'a'": "error", "૮A૮0": "error", "@b []": "error",
	} {
		value, err := parseValue(text)
		got := "error"
		if err == nil {
			got = fmt.Sprint(value.Signature(), " ", value.Value())
		}
		if got != want {
			t.Errorf("%q is %q (%v), want %q", text, got, err, want)
		}
	}
}
