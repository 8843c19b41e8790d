package strictjson

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxQuoted bounds how many bytes of a value an error quotes.
const maxQuoted = 64

// Error says what is wrong at one place in a document.
type Error struct {
	// Path is the place, such as process.rlimits[0].type. It is empty for the document as a
	// whole.
	Path string
	// Found describes what is there.
	Found string
	// Allowed describes what is allowed there.
	Allowed string
}

// Error returns "path: found; allowed: allowed".
func (e *Error) Error() string {
	path := e.Path
	if path == "" {
		path = "document"
	}
	return path + ": " + e.Found + "; allowed: " + e.Allowed
}

// Place returns only the path.
func (e *Error) Place() string { return e.Path }

// Quote quotes text for an error message, shortened to a bounded length.
func Quote(text string) string {
	if len(text) <= maxQuoted {
		return strconv.Quote(text)
	}
	cut := maxQuoted
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return strconv.Quote(text[:cut]) + "..."
}

// step is one element of a path: a name, or if that is empty an index.
type step struct {
	name  string
	index int
}

func renderPath(steps []step) string {
	var path strings.Builder
	for _, s := range steps {
		switch {
		case s.index >= 0:
			path.WriteString("[" + strconv.Itoa(s.index) + "]")
		case !plainName(s.name):
			path.WriteString("[" + Quote(s.name) + "]")
		default:
			if path.Len() > 0 {
				path.WriteByte('.')
			}
			path.WriteString(s.name)
		}
	}
	return path.String()
}

// plainName reports whether a name is unambiguous between dots.
func plainName(name string) bool {
	if name == "" || len(name) > maxQuoted {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-') {
			return false
		}
	}
	return true
}
