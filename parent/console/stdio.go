package console

import (
	"errors"
	"fmt"
	"os"
	"slices"

	"golang.org/x/sys/unix"
)

// immovable lists the errors of a file system that does not change the owner: the
// capability is missing, it is read-only, or there is no such user.
var immovable = []error{unix.EPERM, unix.EROFS, unix.EINVAL}

// Stdio makes uid, a user ID in the caller's user namespace, the owner of those descriptors
// that are pipes, or regular files open for writing, and that belong to the calling user.
// Opening /dev/stdout goes through /proc/self/fd and therefore checks permissions on the
// file; a program that runs as another user would be refused.
//
// Everything else is left alone: devices such as /dev/null, which belong to the whole host;
// the caller's terminal, which outlives the program, and on which any process on the host
// that runs as its owner can read what is typed; sockets, which cannot be reopened; files
// that the program may only read, because an owner could write them; and what belongs to
// other users. The group is unchanged. A file system that does not change the owner (EPERM,
// EROFS, EINVAL) is no error: the descriptors themselves still work.
func Stdio(uid int, descriptors ...int) error {
	for _, fd := range descriptors {
		if err := own(fd, uid); err != nil {
			return fmt.Errorf("descriptor %d: %w", fd, err)
		}
	}
	return nil
}

func own(fd, uid int) error {
	var status unix.Stat_t
	if err := unix.Fstat(fd, &status); err != nil {
		return os.NewSyscallError("fstat", err)
	}
	if int(status.Uid) != unix.Geteuid() || int(status.Uid) == uid || !reopens(fd, status.Mode) {
		return nil
	}
	err := unix.Fchown(fd, uid, -1)
	if slices.ContainsFunc(immovable, func(answer error) bool { return errors.Is(err, answer) }) {
		return nil
	}
	return os.NewSyscallError("fchown", err)
}

// reopens reports whether a container may reopen a descriptor and may therefore own its
// file, by the file type in st_mode (inode(7)).
func reopens(fd int, mode uint32) bool {
	switch mode & unix.S_IFMT {
	case unix.S_IFIFO:
		return true
	case unix.S_IFREG:
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFL, 0)
		return err == nil && flags&unix.O_ACCMODE != unix.O_RDONLY
	}
	return false
}
