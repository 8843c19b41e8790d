package rootfs

import (
	"golang.org/x/sys/unix"
)

// bindOnFile attaches a file's detached mount to a path, making the file with mode if it is
// missing. The last component is never followed: a symbolic link or directory in its place
// is refused.
func (b *Builder) bindOnFile(tree int, path string, mode uint32) error {
	directory, name, err := b.place(path)
	if err != nil {
		return err
	}
	err = withoutMask(func() error { return unix.Mknodat(directory, name, unix.S_IFREG|mode, 0) })
	if err != nil && err != unix.EEXIST {
		return failed("mknodat", path, err)
	}
	destination, err := openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return failed("openat", path, err)
	}
	defer unix.Close(destination)
	stat, err := fstat(destination)
	if err != nil {
		return failed("fstat", path, err)
	}
	if isType(stat.Mode, unix.S_IFLNK) || isType(stat.Mode, unix.S_IFDIR) {
		return refused("openat", path, unix.EEXIST, "there is "+typeName(stat.Mode)+" in place of a file")
	}
	return b.attach(tree, destination, path, lookup{nofollow: true})
}
