package cli

import (
	"cmp"

	"github.com/spf13/pflag"
)

func newFlagSet(register ...func(*pflag.FlagSet)) *pflag.FlagSet {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Usage = func() {} // help is written by this package, not by the parser
	flags.SortFlags = false
	for _, r := range register {
		if r != nil {
			r(flags)
		}
	}
	return flags
}

// flagSet returns the flags to parse for the command.
func (c *Command) flagSet() *pflag.FlagSet {
	flags := newFlagSet(c.Flags)
	if c.Aliases != nil {
		flags.SetNormalizeFunc(func(_ *pflag.FlagSet, name string) pflag.NormalizedName {
			return pflag.NormalizedName(cmp.Or(c.Aliases[name], name))
		})
	}
	return flags
}
