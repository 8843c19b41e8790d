package main

import "golang.org/x/sys/unix"

// isTerminal says whether a descriptor is a terminal.
func isTerminal(fd int) bool {
	_, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil
}

// atTerminal says whether a terminal may send us signals, or is ours to show things
// on: one that controls us, or one that we have as a standard descriptor.
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
