// Package style formats text for terminals.
package style

import (
	"os"

	"golang.org/x/sys/unix"
)

// Style colours text, or leaves it alone.
type Style struct{ colour bool }

// Plain leaves all text alone.
var Plain = Style{}

// Colourful colours whatever the output is.
var Colourful = Style{colour: true}

// Of returns the style for a file: colourful if it is a terminal that can show colours and
// the user has not set NO_COLOR (https://no-color.org).
func Of(file *os.File) Style {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !IsTerminal(file) {
		return Plain
	}
	return Colourful
}

// IsTerminal reports whether a file is a terminal.
func IsTerminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// DefaultWidth is the width of what is not a terminal.
const DefaultWidth = 80

// Width returns the number of columns of a terminal, DefaultWidth for other files.
func Width(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return DefaultWidth
	}
	return int(size.Col)
}

// Height returns the number of rows of a terminal, 0 for other files.
func Height(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil {
		return 0
	}
	return int(size.Row)
}

func (s Style) wrap(code, text string) string {
	if !s.colour || text == "" {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

// Bold is for headings.
func (s Style) Bold(text string) string { return s.wrap("1", text) }

// Dim is for what is less important.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Good is for what is as it should be.
func (s Style) Good(text string) string { return s.wrap("32", text) }

// Bad is for what is not as it should be.
func (s Style) Bad(text string) string { return s.wrap("31", text) }

// Doubtful is for what may need attention.
func (s Style) Doubtful(text string) string { return s.wrap("33", text) }

// Accent is for highlighting related things.
func (s Style) Accent(text string) string { return s.wrap("36", text) }
