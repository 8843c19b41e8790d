package cli

import (
	"errors"
	"fmt"
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
	if group := unknown.GetSpecifiedShortnames(); group != "" {
		given = "-" + unknown.GetSpecifiedName()
		if len(group) > 1 {
			given += " in -" + group
		}
	}
	var names []string
	flags.VisitAll(func(flag *pflag.Flag) { names = append(names, "--"+flag.Name) })
	hint := ""
	if command != nil && command.TakesProgram {
		hint = "; flags of the program follow its name"
	}
	return fmt.Errorf("unknown flag %s%s%s", given, suggest(given, names), hint)
}

func (p *Program) unknownCommand(name string) error {
	return fmt.Errorf("unknown command %q%s", name, suggest(name, p.Names()))
}

// kinds tells what the parser's own types of values look like.
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

// suggest names what was probably meant, or all that is allowed.
func suggest(given string, allowed []string) string {
	if near := nearest(given, allowed); near != "" {
		return "; did you mean " + near + "?"
	}
	return "; allowed: " + strings.Join(allowed, ", ")
}
