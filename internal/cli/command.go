package cli

import (
	"fmt"

	"github.com/spf13/pflag"
)

// Program is a command line as data.
type Program struct {
	// Name is what people type.
	Name string
	// Short says what it is, in a line.
	Short string
	// Flags registers the global flags.
	Flags func(*pflag.FlagSet)
	// Statuses are the exit statuses and what they mean.
	Statuses []Status
	// Groups are its commands, in the order in which help lists them.
	Groups []Group
	// Topics are what help explains beside commands.
	Topics []Topic
}

// Group is commands that people look for together.
type Group struct {
	Title    string
	Commands []*Command
}

// Topic is what several commands have in common and would take too long to repeat
// with each.
type Topic struct {
	Name, Short string
	// Text writes whole lines. It is a function because no command but help wants it.
	Text func() string
}

// Command is one row of the table.
type Command struct {
	// Name is the word that selects the command.
	Name string
	// Elsewhere are words by which other programs call what this command does. They
	// do not select it: an error suggests it.
	Elsewhere []string
	// Arguments names the operands for people: upper case for a value, brackets
	// around what may be left out, dots behind what may be repeated.
	Arguments string
	// Least and Most bound the number of operands. Most of Unlimited is no bound.
	Least, Most int
	// TakesProgram says that after Operands operands the rest is a program with
	// arguments of its own, in which no flag of ours is looked for.
	TakesProgram bool
	Operands     int
	// Verbatim says that the rest begins right behind the operands: not even a
	// flag of ours is looked for between them and the program's own.
	Verbatim bool
	// Short is a line, Long the rest of the story, "" if there is none.
	Short, Long string
	// Examples are whole command lines.
	Examples []Example
	// Flags registers the command's own flags; nil for none.
	Flags func(*pflag.FlagSet)
	// Aliases are other spellings of its flags, without dashes, that are taken and not
	// shown.
	Aliases map[string]string
	// FailureStatus is the exit status of a failure of the command's own; 0
	// stands for 1.
	FailureStatus int
	// Available, if set, says why this machine lacks what the command needs: then
	// Program.Available leaves it out, and to ask for it, or for its help, fails.
	Available func() error
	// Run carries the command out and gives the exit status.
	Run func(operands []string) (status int, err error)
}

// Example is a command line and what it does.
type Example struct{ Line, Meaning string }

// Status is an exit status, or a group of them, such as "128+N".
type Status struct{ Value, Meaning string }

// Unlimited is no bound on the number of operands.
const Unlimited = -1

// Have says why the command cannot be had on this machine.
func (c *Command) Have() error {
	if c.Available == nil {
		return nil
	}
	if err := c.Available(); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// Failure is the exit status of a failure of the command's own.
func (c *Command) Failure() int {
	if c == nil || c.FailureStatus == 0 {
		return 1
	}
	return c.FailureStatus
}
