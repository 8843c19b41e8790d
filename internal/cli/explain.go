package cli

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"
)

// explain says what is wrong with a flag, and what is allowed.
func (p *Program) explain(command *Command, flags *pflag.FlagSet, err error) error {
	var unknown *pflag.NotExistError
	var valueless *pflag.ValueRequiredError
	var invalid *pflag.InvalidValueError
	where := ""
	if command != nil {
		where = command.Name + ": "
	}
	switch {
	case errors.As(err, &unknown):
		return fmt.Errorf("%s%w", where, unknownFlag(command, flags, unknown))
	case errors.As(err, &valueless):
		flag := valueless.GetFlag()
		return fmt.Errorf("%s--%s needs a value: %s", where, flag.Name, describeValue(flag))
	case errors.As(err, &invalid):
		flag := invalid.GetFlag()
		var number *strconv.NumError
		if cause := invalid.Unwrap(); kinds[flag.Value.Type()] == "" && !errors.As(cause, &number) {
			return fmt.Errorf("%s--%s %q: %w", where, flag.Name, invalid.GetValue(), cause)
		}
		return fmt.Errorf("%s--%s %q: allowed: %s", where, flag.Name, invalid.GetValue(), describeValue(flag))
	}
	return fmt.Errorf("%s%w", where, err)
}

func unknownFlag(command *Command, flags *pflag.FlagSet, unknown *pflag.NotExistError) error {
	given := "--" + unknown.GetSpecifiedName()
	meant := given
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		given, meant = "-"+unknown.GetSpecifiedName(), "-"+group
		if len(group) > 1 {
			given += " in " + meant // possibly a long flag with only one dash
		}
	}
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	names = append(names, "--help")
	hint := ""
	if command != nil && command.TakesProgram {
		hint = "; flags of the program follow its name"
	}
	return fmt.Errorf("unknown flag %s%s%s", given, suggest(nearest(meant, names), names), hint)
}

// unknownCommand is the error for a word in place of a command, or of one of a few others.
func (p *Program) unknownCommand(name string, others ...string) error {
	here := p.Available()
	allowed := append(here.Names(), others...)
	return fmt.Errorf("unknown command %q%s", name, suggest(here.meant(name, allowed), allowed))
}

// meant returns what a word that is not allowed probably means, "" if unknown. What other
// programs call a command takes precedence over what merely looks similar.
func (p *Program) meant(name string, allowed []string) string {
	for _, command := range p.Commands() {
		if slices.Contains(command.Elsewhere, name) {
			return command.Name
		}
	}
	if near := nearest(name, allowed); near != "" {
		return near
	}
	if newFlagSet(p.Flags).Lookup(name) != nil {
		return "--" + name
	}
	return ""
}

// kinds describes the values of the parser's own types.
var kinds = map[string]string{
	"bool":     "true or false",
	"int":      "a whole number",
	"uint16":   "a whole number from 0 to 65535",
	"uint32":   "a whole number from 0 to 4294967295",
	"uint64":   "a whole number from 0 on",
	"int64":    "a whole number",
	"float64":  "a number",
	"duration": "a duration such as 500ms, 1.5s or 2m",
}

func describeValue(flag *pflag.Flag) string {
	if kind := kinds[flag.Value.Type()]; kind != "" {
		return kind
	}
	_, usage := pflag.UnquoteUsage(flag)
	return usage
}

// suggest names what was probably meant, or otherwise all that is allowed.
func suggest(meant string, allowed []string) string {
	if meant != "" {
		return "; did you mean " + meant + "?"
	}
	return "; allowed: " + strings.Join(allowed, ", ")
}
