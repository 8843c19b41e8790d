package console

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// A terminal is the caller's own, with its original modes.
type terminal struct {
	fd    int
	found unix.Termios
}

// openTerminal returns nil if fd is not a terminal.
func openTerminal(fd int) *terminal {
	found, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	if err != nil {
		return nil
	}
	return &terminal{fd: fd, found: *found}
}

// raw passes on every key as it is typed: line editing, echo and signals are up to the
// container's terminal.
func (t *terminal) raw() error {
	modes := rawModes(t.found)
	return os.NewSyscallError("ioctl TCSETS", setModes(t.fd, &modes))
}

// restore restores the original modes. It does not wait for output, which would hang if the
// user has stopped the terminal. If the terminal is gone, there is nothing to restore.
func (t *terminal) restore() error {
	err := setModes(t.fd, &t.found)
	if errors.Is(err, unix.EIO) {
		return nil
	}
	return os.NewSyscallError("ioctl TCSETS", err)
}

func setModes(fd int, modes *unix.Termios) error {
	for {
		err := unix.IoctlSetTermios(fd, unix.TCSETS, modes)
		if !errors.Is(err, unix.EINTR) {
			return err
		}
	}
}

// rawModes returns the raw mode of termios(3), except for the output side: the container's
// terminal has ONLCR off, so the caller's must turn a line feed into a new line.
func rawModes(modes unix.Termios) unix.Termios {
	modes.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP |
		unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	modes.Oflag |= unix.OPOST | unix.ONLCR
	modes.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	modes.Cflag = modes.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	modes.Cc[unix.VMIN] = 1
	modes.Cc[unix.VTIME] = 0
	return modes
}

// resize gives the container's terminal the size of the caller's; the kernel notifies the
// container with SIGWINCH. A size of zero is that of a terminal that does not know its
// size, such as a serial line, and is not copied.
func resize(from, master int) error {
	size, err := unix.IoctlGetWinsize(from, unix.TIOCGWINSZ)
	if err != nil {
		return os.NewSyscallError("ioctl TIOCGWINSZ", err)
	}
	if size.Row == 0 && size.Col == 0 {
		return nil
	}
	return os.NewSyscallError("ioctl TIOCSWINSZ", unix.IoctlSetWinsize(master, unix.TIOCSWINSZ, size))
}
