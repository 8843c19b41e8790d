package main

import (
	"fmt"
	"io"

	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent/preflight"
)

// sign returns the mark for a check's result.
func sign(s style.Style, check *preflight.Check) string {
	switch {
	case check.Result == preflight.Holds:
		return s.Good("✓")
	case check.Result == preflight.Unknown, check.Optional:
		return s.Doubtful("!")
	}
	return s.Bad("✗")
}

// writeChecks prints checks in a width, each with its remedy below it.
func writeChecks(to io.Writer, s style.Style, checks []preflight.Check, width int) {
	for i := range checks {
		check := &checks[i]
		text := check.Name
		if check.Object != "" {
			text += " " + check.Object
		}
		if check.Found != "" {
			text += ": " + check.Found
		}
		from := ""
		if check.From != "" && check.Result != preflight.Holds {
			from = "  " + s.Dim(check.From)
		}
		fmt.Fprintf(to, "  %s %s%s\n", sign(s, check), style.Wrap(oneLine(text), 4, 6, width), from)
		if check.Hint != "" && check.Result != preflight.Holds {
			fmt.Fprintf(to, "      %s %s\n", s.Accent("→"), style.Wrap(oneLine(check.Hint), 8, 8, width))
		}
	}
}
