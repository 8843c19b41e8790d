package rootfs

import "golang.org/x/sys/unix"

// OpenRegular opens for reading what the kernel finds by a name, from the calling
// thread's root, and refuses anything but a regular file before it is opened: the
// driver of a device acts on being opened, and the child may do what the container's
// device rules forbid its program. Nor is a file opened of which the kernel tells no
// size, with ENODATA: it is empty, or has no content of its own, such as /proc/kmsg,
// where who reads waits for a line and takes it from all others. It opens what was
// looked at, whatever the name leads to by then. The descriptor is the caller's to close.
func (b *Builder) OpenRegular(name string) (int, error) {
	found, err := openat(unix.AT_FDCWD, name, unix.O_PATH)
	if err != nil {
		return none, failed("openat", name, err)
	}
	defer unix.Close(found)
	stat, err := fstat(found)
	if err != nil {
		return none, failed("fstat", name, err)
	}
	if !isType(stat.Mode, unix.S_IFREG) {
		return none, refused("fstat", name, unix.EINVAL, "it is "+typeName(stat.Mode)+" and not a regular file")
	}
	if stat.Size == 0 {
		return none, refused("fstat", name, unix.ENODATA, "it is empty, or has no content of its own")
	}
	opened, err := b.process.reopen(found, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return none, failed("openat", name, err)
	}
	return opened, nil
}
