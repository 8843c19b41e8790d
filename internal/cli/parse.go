package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/pflag"
)

// Invocation is a parsed command line. The values of flags have been stored.
type Invocation struct {
	// Command is nil if none was given.
	Command *Command
	// Operands are the arguments that are not flags.
	Operands []string
	// Help says that help was asked for, about Command unless that is nil.
	Help bool
}

// Parse parses a command line, without the program's name. The invocation is never nil:
// even with an error, it says which command was meant.
func (p *Program) Parse(arguments []string) (*Invocation, error) {
	invocation := &Invocation{}
	global := newFlagSet(p.Flags)
	global.SetInterspersed(false) // after the command's name, there may be a flag of its own
	if err := global.Parse(arguments); err != nil {
		return invocation, invocation.settle(p.explain(nil, global, err))
	}
	rest := global.Args()
	if len(rest) == 0 {
		return invocation, nil
	}
	command, err := p.Named(rest[0])
	if err != nil {
		return invocation, err
	}
	invocation.Command = command
	if err := command.Have(); err != nil {
		return invocation, err
	}
	flags := command.flagSet()
	flags.AddFlagSet(global)
	if invocation.Operands, err = command.split(flags, rest[1:]); err != nil {
		return invocation, invocation.settle(p.explain(command, flags, err))
	}
	return invocation, p.count(command, invocation.Operands)
}

// settle converts the parser's error about a request for help into Help.
func (i *Invocation) settle(err error) error {
	if errors.Is(err, pflag.ErrHelp) {
		i.Help = true
		return nil
	}
	return err
}

// split parses flags and returns the operands and the program after them.
func (c *Command) split(flags *pflag.FlagSet, arguments []string) ([]string, error) {
	if !c.TakesProgram {
		err := flags.Parse(arguments)
		return flags.Args(), err
	}
	flags.SetInterspersed(false)
	var operands []string
	for {
		if c.Verbatim && len(operands) == c.Operands {
			return append(operands, arguments...), nil
		}
		if err := flags.Parse(arguments); err != nil {
			return nil, err
		}
		rest := flags.Args()
		if len(rest) == 0 || len(operands) == c.Operands || flags.ArgsLenAtDash() >= 0 {
			return append(operands, rest...), nil
		}
		operands, arguments = append(operands, rest[0]), rest[1:]
	}
}

// count checks the number of operands.
func (p *Program) count(command *Command, operands []string) error {
	usage := "usage: " + p.usage(command)
	if missing := strings.Fields(command.Arguments); len(operands) < command.Least && len(operands) < len(missing) {
		return fmt.Errorf("%s: %s is missing; %s", command.Name, missing[len(operands)], usage)
	}
	if command.Most == Unlimited || len(operands) <= command.Most {
		return nil
	}
	return fmt.Errorf("%s: unexpected argument %q; %s", command.Name, operands[command.Most], usage)
}
