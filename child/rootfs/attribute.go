package rootfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Attribute opens a file of this thread's attr directory (proc_pid_attr(5)) for
// writing, such as "apparmor/exec". It is that of the private procfs: a file
// that an image or another process puts over the container's own is not written
// (hardening: a label that lands elsewhere protects nothing).
func (b *Builder) Attribute(name string) (int, error) {
	path := "attr/" + name
	handle, err := b.process.root()
	if err != nil {
		return none, failed("fsopen", "proc", err)
	}
	file, unlock, err := handle.OpenThreadSelf(path)
	if errors.Is(err, unix.ENOENT) {
		return none, refused("openat", "/proc/thread-self/"+path, unix.ENOENT, "the kernel has no such security module")
	}
	if err != nil {
		return none, failed("openat", "/proc/thread-self/"+path, err)
	}
	defer unlock()
	defer file.Close()
	attribute, err := b.process.reopen(int(file.Fd()), unix.O_WRONLY)
	if err != nil {
		return none, failed("openat", "/proc/thread-self/"+path, err)
	}
	return attribute, nil
}
