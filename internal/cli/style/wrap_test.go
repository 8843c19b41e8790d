package style

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text                 string
		begin, indent, width int
		want                 string
	}{
		{"", 0, 0, 10, ""},
		{"one", 0, 4, 80, "one"},
		{"one two three four five six", 0, 4, 24, "one two three four five\n    six"},
		{"one two three four", 20, 2, 28, "one two\n  three four"},
		{"a-path-that-is-longer-than-the-line next", 0, 2, 24, "a-path-that-is-longer-than-the-line\n  next"},
		{"wörter von größe größe größe", 0, 0, 22, "wörter von größe größe\ngröße"},
		{"in a narrow terminal there is room for some words", 0, 30, 10, "in a narrow terminal there is room for some words"},
	} {
		if got := Wrap(c.text, c.begin, c.indent, c.width); got != c.want {
			t.Errorf("%q at %d, %d, %d:\n%q, want\n%q", c.text, c.begin, c.indent, c.width, got, c.want)
		}
	}
	const text = "the quick brown fox jumps over the lazy dog and over what else there is to jump over"
	for width := leastRoom; width < 100; width++ {
		wrapped := Wrap(text, 0, 0, width)
		for line := range strings.SplitSeq(wrapped, "\n") {
			if utf8.RuneCountInString(line) > width {
				t.Errorf("%q is longer than %d", line, width)
			}
		}
		if strings.Join(strings.Fields(wrapped), " ") != text {
			t.Errorf("%d: words are lost: %q", width, wrapped)
		}
	}
}

func TestFit(t *testing.T) {
	for text, want := range map[string]string{"": "    ", "abc": "abc ", "abcd": "abcd", "abcde": "abc…", "größer": "grö…"} {
		if got := Fit(text, 4); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}
