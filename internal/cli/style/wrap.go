package style

import (
	"strings"
	"unicode/utf8"
)

// leastRoom is how many columns of text a line has at least, however far it is
// indented.
const leastRoom = 20

// Wrap breaks a text at blanks, so that no line reaches beyond a width; lines
// from the second on begin at a column of their own. A word that is longer than a
// line stays whole: it may be a path that is to be copied. The text already stands
// at column begin.
func Wrap(text string, begin, indent, width int) string {
	var out strings.Builder
	column := begin
	for i, word := range strings.Fields(text) {
		length := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+length > max(width, indent+leastRoom):
			out.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			out.WriteByte(' ')
			column++
		}
		out.WriteString(word)
		column += length
	}
	return out.String()
}

// Fit fits a text into a number of columns: what is too long ends in an ellipsis,
// what is too short in blanks.
func Fit(text string, columns int) string {
	length := utf8.RuneCountInString(text)
	if length <= columns {
		return text + strings.Repeat(" ", columns-length)
	}
	return string([]rune(text)[:max(columns-1, 0)]) + "…"
}
