package cli

import (
	"strings"

	"github.com/spf13/pflag"
)

// Flag describes a flag for completions and manuals.
type Flag struct {
	Name, Short string
	// Value names its value, "" if it takes none.
	Value string
	// Usage is one line without markup.
	Usage string
	// Default is its value if it is not given, "" for none.
	Default string
	// Allowed lists the values, if there is a list.
	Allowed []string
}

// GlobalFlags lists the flags that every command takes.
func (p *Program) GlobalFlags() []Flag { return flagsOf(newFlagSet(p.Flags)) }

// OwnFlags lists the command's own flags.
func (c *Command) OwnFlags() []Flag { return flagsOf(newFlagSet(c.Flags)) }

func flagsOf(set *pflag.FlagSet) []Flag {
	var all []Flag
	set.VisitAll(func(flag *pflag.Flag) {
		value, usage := pflag.UnquoteUsage(flag)
		one := Flag{Name: flag.Name, Short: flag.Shorthand, Value: value, Usage: usage, Default: strings.TrimSuffix(strings.TrimPrefix(defaultOf(flag), " (default "), ")")}
		if list, is := flag.Value.(interface{ Allowed() []string }); is {
			one.Allowed = list.Allowed()
		}
		all = append(all, one)
	})
	return all
}

// TakesPath reports whether the value is a path.
func (f *Flag) TakesPath() bool {
	switch f.Value {
	case "FILE", "DIRECTORY", "SOCKET", "PATH", "BUNDLE":
		return true
	}
	return false
}

// TakesContainer reports whether the first operand is a container.
func (c *Command) TakesContainer() bool { return strings.HasPrefix(c.Arguments, "CONTAINER") }
