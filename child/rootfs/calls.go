package rootfs

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// uninterrupted repeats a call that a signal interrupted. Go's scheduler sends signals of
// its own.
func uninterrupted[T any](call func() (T, error)) (T, error) {
	for {
		result, err := call()
		if err != unix.EINTR {
			return result, err
		}
	}
}

func openat(directory int, name string, flags int) (int, error) {
	return uninterrupted(func() (int, error) {
		return unix.Openat(directory, name, flags|unix.O_CLOEXEC, 0)
	})
}

// cloneTree returns a detached copy of the mount at name beneath directory, including the
// mounts below it if flags has AT_RECURSIVE.
func cloneTree(directory int, name string, flags uint) (int, error) {
	return uninterrupted(func() (int, error) {
		return unix.OpenTree(directory, name, flags|unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	})
}

func fstat(descriptor int) (unix.Stat_t, error) {
	var stat unix.Stat_t
	err := unix.Fstat(descriptor, &stat)
	return stat, err
}

func fileSystemType(descriptor int) (int64, error) {
	var stat unix.Statfs_t
	_, err := uninterrupted(func() (int, error) { return 0, unix.Fstatfs(descriptor, &stat) })
	return int64(stat.Type), err
}

// mountID returns the ID of a descriptor's mount, unique among the mounts that exist at the
// same time (statx(2), STATX_MNT_ID).
func mountID(descriptor int) (uint64, error) {
	var stat unix.Statx_t
	err := unix.Statx(descriptor, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &stat)
	return stat.Mnt_id, err
}

// readLink reads the target of the symbolic link that an O_PATH descriptor refers to.
func readLink(descriptor int) (string, error) {
	buffer := make([]byte, unix.PathMax)
	length, err := unix.Readlinkat(descriptor, "", buffer)
	if err != nil {
		return "", err
	}
	if length == len(buffer) {
		return "", unix.ENAMETOOLONG
	}
	return string(buffer[:length]), nil
}

// withoutMask makes a call without the file mode creation mask, so that the file gets
// exactly the mode given.
func withoutMask(call func() error) error {
	mask := unix.Umask(0)
	defer unix.Umask(mask)
	return call()
}

func isType(mode, kind uint32) bool { return mode&unix.S_IFMT == kind }

// typeName names a file's type for people.
func typeName(mode uint32) string {
	switch mode & unix.S_IFMT {
	case unix.S_IFREG:
		return "a regular file"
	case unix.S_IFDIR:
		return "a directory"
	case unix.S_IFLNK:
		return "a symbolic link"
	case unix.S_IFCHR:
		return "a character device"
	case unix.S_IFBLK:
		return "a block device"
	case unix.S_IFIFO:
		return "a FIFO"
	case unix.S_IFSOCK:
		return "a socket"
	}
	return "a file of type 0" + strconv.FormatUint(uint64(mode&unix.S_IFMT), 8)
}
