package main

import (
	"fmt"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent"
)

// creation holds the flags of create, which run has too.
type creation struct {
	bundle        string
	consoleSocket string
	pidFile       string
	pidfdSocket   string
	noPivot       bool
	noNewKeyring  bool
	preserved     int
	handshake     handshakeFlags
}

func (c *creation) flags(flags *pflag.FlagSet) {
	flags.StringVarP(&c.bundle, "bundle", "b", ".", "use the bundle in `DIRECTORY`")
	flags.StringVar(&c.consoleSocket, "console-socket", "", "send the master of the container's terminal to the unix socket `SOCKET`")
	flags.StringVar(&c.pidFile, "pid-file", "", "write the process id of the container's init to `FILE`")
	flags.BoolVar(&c.noPivot, "no-pivot", false, "move the root instead of pivoting to it: for a host whose root is the initial ramfs")
	flags.BoolVar(&c.noNewKeyring, "no-new-keyring", false, "keep the caller's session keyring")
	flags.IntVar(&c.preserved, "preserve-fds", 0, "pass `COUNT` descriptors, from 3 on, to the program")
	flags.StringVar(&c.pidfdSocket, "pidfd-socket", "", "send a pidfd of the container's init to the unix socket `SOCKET`")
	c.handshake.register(flags)
}

// options converts the flags to options for a new container.
func (c *creation) options(g *global, id string) (parent.Options, error) {
	activation, err := activated()
	if err == nil {
		err = checkPreserved(c.preserved, activation.Sockets)
	}
	if err != nil {
		return parent.Options{}, err
	}
	return parent.Options{
		StateRoot: g.root, ID: id, Bundle: c.bundle, CgroupManager: g.manager(), Activation: activation,
		ConsoleSocket: c.consoleSocket, PIDFile: c.pidFile, PIDFDSocket: c.pidfdSocket,
		NoPivot: c.noPivot, NoNewKeyring: c.noNewKeyring,
		PreservedFDs: c.preserved, Stdio: standard,
		Handshake: g.handshake(&c.handshake),
	}, nil
}

// standard holds the caller's standard descriptors.
var standard = [3]int{0, 1, 2}

// maxPreserved bounds --preserve-fds.
const maxPreserved = 1024

// checkPreserved refuses a count that goes beyond what the caller passed on. The
// descriptors come after those of a service manager.
func checkPreserved(count, before int) error {
	if count < 0 || count > maxPreserved {
		return fmt.Errorf("--preserve-fds %d: allowed: 0 to %d", count, maxPreserved)
	}
	if fd := firstNotPassed(before, count); fd >= 0 {
		return fmt.Errorf("--preserve-fds %d: descriptor %d is not open; allowed: the number of descriptors passed, from %d on", count, fd, len(standard)+before)
	}
	return nil
}

// firstNotPassed returns the first descriptor that the caller did not pass on, -1 if it
// passed on all. Our own are close-on-exec, which inherited ones cannot be.
func firstNotPassed(before, count int) int {
	first := len(standard) + before
	for fd := first; fd < first+count; fd++ {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if err != nil || flags&unix.FD_CLOEXEC != 0 {
			return fd
		}
	}
	return -1
}
