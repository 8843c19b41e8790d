package style

import (
	"strings"
	"unicode/utf8"
)

// leastRoom is how many columns of text a line has at least, however far it is indented.
const leastRoom = 20

// Wrap breaks a text at spaces so that no line goes beyond width. The text begins at column
// begin; later lines begin at column indent. A word longer than a line is not broken: it
// may be a path to be copied.
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

// Fit makes a text exactly some columns wide: if too long, it ends in an ellipsis; if too
// short, it is padded with spaces.
func Fit(text string, columns int) string {
	length := utf8.RuneCountInString(text)
	if length <= columns {
		return text + strings.Repeat(" ", columns-length)
	}
	return string([]rune(text)[:max(columns-1, 0)]) + "…"
}
