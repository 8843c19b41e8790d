package child

import (
	"errors"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// immovable holds the answers of a devpts that keeps the owner as it is: without the
// capability, read-only, or with no such user.
var immovable = []error{unix.EPERM, unix.EROFS, unix.EINVAL}

// giveConsole makes the program's user the owner of the terminal, which belongs to
// the user that the child is while it makes it. Whoever opens /dev/console or
// /dev/stdout anew is asked for permission to the terminal itself.
func (c *child) giveConsole(peer int) error {
	execute := c.plan[len(c.plan)-1].(*protocol.Execute) // as has been checked
	err := unix.Fchown(peer, int(execute.UID), -1)
	if slices.ContainsFunc(immovable, func(answer error) bool { return errors.Is(err, answer) }) {
		return nil
	}
	return named("fchown", "the console", err)
}
