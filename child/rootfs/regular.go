package rootfs

import "golang.org/x/sys/unix"

// OpenRegular opens for reading what the kernel finds by a name, from the calling
// thread's root, and refuses anything but a regular file before it is opened: the
// driver of a device acts on being opened, and the child may do what the container's
// device rules forbid its program. It opens what was looked at, whatever the name
// leads to by then. The descriptor is the caller's to close.
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
	opened, err := b.process.reopen(found, unix.O_RDONLY|unix.O_NONBLOCK)
	if err != nil {
		return none, failed("openat", name, err)
	}
	return opened, nil
}
