package main

import "golang.org/x/sys/unix"

// isTerminal reports whether a descriptor is a terminal.
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// atTerminal reports whether there is a terminal that may send us signals or that we may
// write to: our controlling terminal, or one of our standard descriptors.
func atTerminal() bool {
	for _, fd := range standard {
		if isTerminal(fd) {
			return true
		}
	}
	controlling, err := unix.Open("/dev/tty", unix.O_RDONLY|unix.O_NOCTTY|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return false
	}
	unix.Close(controlling)
	return true
}
