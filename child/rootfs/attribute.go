package rootfs

import (
	"errors"

	"golang.org/x/sys/unix"
)

// Attribute opens a file in this thread's attr directory (proc_pid_attr(5)) for writing,
// such as "apparmor/exec". It uses the private procfs, not a file that an image or another
// process has put over the container's: a label written elsewhere protects nothing.
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
