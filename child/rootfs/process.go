package rootfs

import (
	"os"
	"strconv"

	"github.com/cyphar/filepath-securejoin/pathrs-lite/procfs"
	"golang.org/x/sys/unix"
)

// process is what the runtime needs of procfs. The container's /proc is never used:
// descriptors are found in the caller's, which is opened while it is still there.
// Everything else, and descriptors too if the caller has no procfs, comes from a private
// instance that is opened when first needed.
type process struct {
	handle      *procfs.Handle
	descriptors *os.File // the process's fd directory, whose descriptors its threads share
}

func (p *process) close() {
	if p.descriptors != nil {
		p.descriptors.Close()
		p.descriptors = nil
	}
	if p.handle != nil {
		p.handle.Close()
		p.handle = nil
	}
}

// root returns the private instance, unrestricted: with the files that do not belong to a
// process.
func (p *process) root() (*procfs.Handle, error) {
	if p.handle == nil {
		handle, err := procfs.OpenUnsafeProcRoot()
		if err != nil {
			return nil, err
		}
		p.handle = handle
	}
	return p.handle, nil
}

// openCallers opens the descriptor directory in the caller's /proc, if that is a procfs. A
// private instance would take longer to open and much longer to close: to release a mount
// that was never attached, the kernel waits for all processors.
func (p *process) openCallers() {
	if p.descriptors != nil {
		return
	}
	const name = "/proc/self/fd"
	descriptor, err := openat(unix.AT_FDCWD, name, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return
	}
	var stat unix.Statfs_t
	if err := unix.Fstatfs(descriptor, &stat); err != nil || stat.Type != unix.PROC_SUPER_MAGIC {
		unix.Close(descriptor)
		return
	}
	p.descriptors = os.NewFile(uintptr(descriptor), name)
}

// descriptorDirectory returns the process's fd directory.
func (p *process) descriptorDirectory() (int, error) {
	if p.descriptors == nil {
		handle, err := p.root()
		if err != nil {
			return none, err
		}
		if p.descriptors, err = handle.OpenSelf("fd/"); err != nil {
			return none, err
		}
	}
	return int(p.descriptors.Fd()), nil
}

// reopen opens the file that an O_PATH descriptor refers to.
func (p *process) reopen(descriptor, flags int) (int, error) {
	directory, err := p.descriptorDirectory()
	if err != nil {
		return none, err
	}
	return openat(directory, strconv.Itoa(descriptor), flags)
}

// chmod sets the mode of the file that an O_PATH descriptor refers to: with fchmodat2(2),
// or before Linux 6.6 through the descriptor's link in procfs.
func (p *process) chmod(descriptor int, mode uint32) error {
	err := unix.Fchmodat(descriptor, "", mode, unix.AT_EMPTY_PATH)
	if err != unix.EOPNOTSUPP {
		return err
	}
	directory, err := p.descriptorDirectory()
	if err != nil {
		return err
	}
	return unix.Fchmodat(directory, strconv.Itoa(descriptor), mode, 0)
}
