package main

import (
	"slices"
	"strings"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
)

// The output formats of commands.
const (
	asTable = "table"
	asJSON  = "json"
)

// format is the flag --format, along with --json.
type format struct {
	name  string
	short bool
}

func (f *format) isJSON() bool { return f.short || f.name == asJSON }

func (f *format) flags(flags *pflag.FlagSet, initial string) {
	flags.VarP(cli.Choice(&f.name, initial, asTable, asJSON), "format", "f", "print as `FORMAT`: table or json")
	flags.BoolVar(&f.short, "json", false, "the same as --format json")
}

// takeFrom removes the flag from the beginning of another program's arguments, if its value
// shows that it is ours.
func (f *format) takeFrom(arguments []string) []string {
	for len(arguments) > 0 {
		taken := 1
		value, isFormat := strings.CutPrefix(arguments[0], "--format=")
		switch {
		case arguments[0] == "--json":
			value, isFormat = asJSON, true
		case (arguments[0] == "-f" || arguments[0] == "--format") && len(arguments) > 1:
			value, isFormat, taken = arguments[1], true, 2
		}
		if !isFormat || !slices.Contains([]string{asTable, asJSON}, value) {
			return arguments
		}
		f.name, arguments = value, arguments[taken:]
	}
	return arguments
}
