package seccomp

import (
	"fmt"
	"strings"
)

// path is a place under linux.seccomp. It is formatted only when an error needs it.
type path struct {
	entry int // index into syscalls, or -1
	arg   int // index into args of the entry, or -1
	field string
}

// top returns the path of a field of linux.seccomp itself.
func top(field string) path { return path{-1, -1, field} }

func (p path) String() string {
	var b strings.Builder
	b.WriteString("linux.seccomp")
	if p.entry >= 0 {
		fmt.Fprintf(&b, ".syscalls[%d]", p.entry)
	}
	if p.arg >= 0 {
		fmt.Fprintf(&b, ".args[%d]", p.arg)
	}
	if p.field != "" {
		b.WriteString("." + p.field)
	}
	return b.String()
}

// list formats the allowed values of a field.
func list(names []string) string { return strings.Join(names, ", ") }
