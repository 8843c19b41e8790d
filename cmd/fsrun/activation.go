package main

import (
	"fmt"
	"os"
	"strconv"

	"github.com/fsrun/fsrun/parent"
)

// activated returns what a service manager has passed to us for the program
// (sd_listen_fds(3), sd_notify(3)). Sockets meant for another process according to
// LISTEN_PID are left alone.
func activated() (parent.Activation, error) {
	given := parent.Activation{Notify: os.Getenv("NOTIFY_SOCKET")}
	count, pid := os.Getenv("LISTEN_FDS"), os.Getenv("LISTEN_PID")
	if count == "" || pid != "" && pid != strconv.Itoa(os.Getpid()) {
		return given, nil
	}
	sockets, err := strconv.Atoi(count)
	if err != nil || sockets < 0 || sockets > maxPreserved {
		return given, fmt.Errorf("LISTEN_FDS is %q; allowed: 0 to %d", count, maxPreserved)
	}
	if fd := firstNotPassed(0, sockets); fd >= 0 {
		return given, fmt.Errorf("LISTEN_FDS is %d, but descriptor %d is not open; allowed: the number of sockets passed, from descriptor 3 on", sockets, fd)
	}
	given.Sockets, given.Names = sockets, os.Getenv("LISTEN_FDNAMES")
	return given, nil
}
