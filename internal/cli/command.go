package cli

import (
	"fmt"

	"github.com/spf13/pflag"
)

// Program is a command line as data.
type Program struct {
	// Name is the name of the program.
	Name string
	// Short describes it in one line.
	Short string
	// Flags registers the global flags.
	Flags func(*pflag.FlagSet)
	// Statuses are the exit statuses and their meanings.
	Statuses []Status
	// Groups are its commands, in the order that help lists them in.
	Groups []Group
	// Topics are what help explains in addition to commands.
	Topics []Topic
}

// Group is a group of related commands.
type Group struct {
	Title    string
	Commands []*Command
}

// Topic is something that several commands share and that would take too long to repeat for
// each.
type Topic struct {
	Name, Short string
	// Text returns whole lines. It is a function because only help needs it.
	Text func() string
}

// Command is a command of the program.
type Command struct {
	// Name is the word that selects the command.
	Name string
	// Elsewhere lists words by which other programs call what this command does. They do
	// not select it, but an error suggests it.
	Elsewhere []string
	// Arguments names the operands for people: upper case for a value, brackets around what
	// is optional, dots after what may be repeated.
	Arguments string
	// Least and Most bound the number of operands. Most may be Unlimited.
	Least, Most int
	// TakesProgram says that after Operands operands, the rest is a program with arguments
	// of its own, among which there are no flags of ours.
	TakesProgram bool
	Operands     int
	// Verbatim says that the rest begins right after the operands: even between them and
	// the program's own arguments there are no flags of ours.
	Verbatim bool
	// Short is one line. Long is the rest of the description, "" if there is none.
	Short, Long string
	// Examples are complete command lines.
	Examples []Example
	// Flags registers the command's own flags. It may be nil.
	Flags func(*pflag.FlagSet)
	// Aliases maps other spellings of its flags, without dashes, which are accepted but not
	// shown.
	Aliases map[string]string
	// FailureStatus is the exit status if the command itself fails; 0 means 1.
	FailureStatus int
	// Available, if not nil, says why the command cannot run on this machine.
	// Program.Available then leaves it out, and using it, or asking for help about it,
	// fails.
	Available func() error
	// Run runs the command and returns the exit status.
	Run func(operands []string) (status int, err error)
}

// Example is a command line and what it does.
type Example struct{ Line, Meaning string }

// Status is an exit status, or a group of them, such as "128+N".
type Status struct{ Value, Meaning string }

// Unlimited means no bound on the number of operands.
const Unlimited = -1

// Have says why the command cannot run on this machine.
func (c *Command) Have() error {
	if c.Available == nil {
		return nil
	}
	if err := c.Available(); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}

// Failure returns the exit status if the command itself fails.
func (c *Command) Failure() int {
	if c == nil || c.FailureStatus == 0 {
		return 1
	}
	return c.FailureStatus
}
