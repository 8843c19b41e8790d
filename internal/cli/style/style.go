// Package style is what a terminal can show beside plain text, and when it may.
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

// Of is the style for a file: colourful if it is a terminal that can show
// colours, and the user has not set NO_COLOR (https://no-color.org).
func Of(file *os.File) Style {
	if os.Getenv("NO_COLOR") != "" || os.Getenv("TERM") == "dumb" || !IsTerminal(file) {
		return Plain
	}
	return Colourful
}

// IsTerminal says whether a file is a terminal.
func IsTerminal(file *os.File) bool {
	_, err := unix.IoctlGetTermios(int(file.Fd()), unix.TCGETS)
	return err == nil
}

// DefaultWidth is that of what is no terminal.
const DefaultWidth = 80

// Width is the number of columns of a terminal, and DefaultWidth elsewhere.
func Width(file *os.File) int {
	size, err := unix.IoctlGetWinsize(int(file.Fd()), unix.TIOCGWINSZ)
	if err != nil || size.Col == 0 {
		return DefaultWidth
	}
	return int(size.Col)
}

// Height is the number of rows of a terminal, 0 for what is none.
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

// Dim is for what is beside the point.
func (s Style) Dim(text string) string { return s.wrap("2", text) }

// Good is for what is as it should be.
func (s Style) Good(text string) string { return s.wrap("32", text) }

// Bad is for what is not.
func (s Style) Bad(text string) string { return s.wrap("31", text) }

// Doubtful is for what one should look at.
func (s Style) Doubtful(text string) string { return s.wrap("33", text) }

// Accent is for what belongs together.
func (s Style) Accent(text string) string { return s.wrap("36", text) }
