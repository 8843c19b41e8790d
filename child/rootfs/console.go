package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

const (
	pseudoterminals = "/dev/pts"
	multiplexerPath = pseudoterminals + "/ptmx"
	consolePath     = "/dev/console"
	consoleMode     = 0o600
)

var multiplexer = node{kind: unix.S_IFCHR, number: unix.Mkdev(5, 2)}

// Console makes a pseudoterminal in the container's own devpts and returns both ends, which
// are the caller's to close. In a container that is being created, it also binds the peer
// on /dev/console.
func (b *Builder) Console(op *protocol.ConsoleOp) (master, peer int, err error) {
	master, device, err := b.openMultiplexer()
	if err != nil {
		return none, none, err
	}
	peer, err = b.openPeer(op, master, device)
	if err != nil {
		unix.Close(master)
		return none, none, err
	}
	return master, peer, nil
}

// openMultiplexer opens a new pseudoterminal's master. It also returns the device number of
// its devpts.
func (b *Builder) openMultiplexer() (master int, device uint64, err error) {
	directory, err := b.tree.open(pseudoterminals, lookup{})
	if err != nil {
		return none, 0, explain(err, "a terminal needs a devpts file system on "+pseudoterminals)
	}
	defer unix.Close(directory)
	kind, err := fileSystemType(directory)
	if err != nil {
		return none, 0, failed("fstatfs", pseudoterminals, err)
	}
	if kind != unix.DEVPTS_SUPER_MAGIC {
		return none, 0, refused("fstatfs", pseudoterminals, unix.ENOTTY, "a terminal needs a devpts file system there")
	}
	root, err := fstat(directory)
	if err != nil {
		return none, 0, failed("fstat", pseudoterminals, err)
	}
	master, err = b.openVerified(directory, root.Dev)
	return master, root.Dev, err
}

// openVerified opens the multiplexer in a devpts root after making sure that it is one: a
// running container may have covered it with something that must not be opened.
func (b *Builder) openVerified(directory int, device uint64) (int, error) {
	descriptor, err := openat(directory, "ptmx", unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return none, failed("openat", multiplexerPath, err)
	}
	defer unix.Close(descriptor)
	stat, err := fstat(descriptor)
	if err != nil {
		return none, failed("fstat", multiplexerPath, err)
	}
	if !multiplexer.is(&stat) || stat.Dev != device {
		return none, refused("fstat", multiplexerPath, unix.ENOTTY, "it is covered by "+typeName(stat.Mode))
	}
	master, err := b.process.reopen(descriptor, unix.O_RDWR|unix.O_NOCTTY)
	if err != nil {
		return none, failed("openat", multiplexerPath, err)
	}
	return master, nil
}

// openPeer prepares a pseudoterminal and opens its other end by descriptor, without ever
// resolving the name in devpts.
func (b *Builder) openPeer(op *protocol.ConsoleOp, master int, device uint64) (int, error) {
	if err := unix.IoctlSetPointerInt(master, unix.TIOCSPTLCK, 0); err != nil {
		return none, failed("ioctl", "TIOCSPTLCK", err)
	}
	descriptor, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(master), unix.TIOCGPTPEER,
		unix.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC)
	if errno != 0 {
		return none, failed("ioctl", "TIOCGPTPEER", errno)
	}
	peer := int(descriptor)
	if err := b.preparePeer(op, peer, device); err != nil {
		unix.Close(peer)
		return none, err
	}
	return peer, nil
}

func (b *Builder) preparePeer(op *protocol.ConsoleOp, peer int, device uint64) error {
	stat, err := fstat(peer)
	if err != nil {
		return failed("fstat", pseudoterminals, err)
	}
	if !isType(stat.Mode, unix.S_IFCHR) || stat.Dev != device {
		return refused("fstat", pseudoterminals, unix.ENOTTY, "the terminal is not of the container's devpts")
	}
	if err := setTerminal(op, peer); err != nil {
		return err
	}
	if b.joined {
		return nil
	}
	tree, err := cloneTree(peer, "", unix.AT_EMPTY_PATH)
	if err != nil {
		return failed("open_tree", consolePath, err)
	}
	defer unix.Close(tree)
	return b.bindOnFile(tree, consolePath, consoleMode)
}

// setTerminal turns off ONLCR, since callers expect a bare line feed, and sets the window
// size.
func setTerminal(op *protocol.ConsoleOp, peer int) error {
	settings, err := unix.IoctlGetTermios(peer, unix.TCGETS)
	if err != nil {
		return failed("ioctl", "TCGETS", err)
	}
	settings.Oflag &^= unix.ONLCR
	if err := unix.IoctlSetTermios(peer, unix.TCSETS, settings); err != nil {
		return failed("ioctl", "TCSETS", err)
	}
	if op.Width|op.Height == 0 {
		return nil
	}
	size := unix.Winsize{Row: op.Height, Col: op.Width}
	if err := unix.IoctlSetWinsize(peer, unix.TIOCSWINSZ, &size); err != nil {
		return failed("ioctl", "TIOCSWINSZ", err)
	}
	return nil
}
