package rootfs

import "golang.org/x/sys/unix"

// OpenRegular opens a file for reading by its name, relative to the calling thread's root.
// Anything other than a regular file is refused before it is opened: merely opening a
// device makes its driver act, and the child may access devices that the container's rules
// forbid. A file for which the kernel reports no size is refused too, with ENODATA: it is
// empty, or has no content of its own, such as /proc/kmsg, whose readers wait for a line
// and take it from all others. It opens exactly the file that it checked, wherever the name
// leads by then. The descriptor is the caller's to close.
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
