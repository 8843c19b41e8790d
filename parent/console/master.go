package console

import (
	"errors"
	"fmt"

	"golang.org/x/sys/unix"
)

// checkMaster refuses a descriptor that is not the master of a pseudoterminal. It came from
// the child, which is not trusted. Only masters answer TIOCGPTN (ioctl_tty(2)).
func checkMaster(fd int) error {
	_, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if errors.Is(err, unix.ENOTTY) {
		return errors.New("the descriptor is not the master of a pseudoterminal")
	}
	if err != nil {
		return fmt.Errorf("ioctl TIOCGPTN: %w", err)
	}
	return nil
}
