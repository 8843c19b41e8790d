package child

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// immovable lists the errors of a devpts that does not change the owner: the capability is
// missing, it is read-only, or there is no such user.
var immovable = []error{unix.EPERM, unix.EROFS, unix.EINVAL}

// giveConsole makes the program's user the owner of the terminal, which so far belongs to
// the user that the child was when it made it. Opening /dev/console or /dev/stdout again
// requires permission on the terminal itself.
func (c *child) giveConsole(peer int) error {
	execute := c.plan[len(c.plan)-1].(*protocol.Execute) // checkPlan has made sure of it
	err := unix.Fchown(peer, int(execute.UID), -1)
	if slices.ContainsFunc(immovable, func(answer error) bool { return errors.Is(err, answer) }) {
		return nil
	}
	return named("fchown", "the console", err)
}
