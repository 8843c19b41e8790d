package rootfs

import (
	"os"
	"strconv"

	"github.com/cyphar/filepath-securejoin/pathrs-lite/procfs"
	"golang.org/x/sys/unix"
)

// process is what the runtime needs of procfs, taken from a private instance that
// is opened when first needed; the container's /proc is never asked.
type process struct {
	handle      *procfs.Handle
	descriptors *os.File // thread-self/fd
	unlock      procfs.ProcThreadSelfCloser
}

func (p *process) close() {
	if p.descriptors != nil {
		p.descriptors.Close()
		p.unlock()
		p.descriptors = nil
	}
	if p.handle != nil {
		p.handle.Close()
		p.handle = nil
	}
}

// root returns the private instance, whole: with the files that are not of one
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

// descriptorDirectory is the thread's own fd directory.
func (p *process) descriptorDirectory() (int, error) {
	if p.descriptors == nil {
		handle, err := p.root()
		if err != nil {
			return none, err
		}
		directory, unlock, err := handle.OpenThreadSelf("fd/")
		if err != nil {
			return none, err
		}
		p.descriptors, p.unlock = directory, unlock
	}
	return int(p.descriptors.Fd()), nil
}

// reopen opens what an O_PATH descriptor is on.
func (p *process) reopen(descriptor, flags int) (int, error) {
	directory, err := p.descriptorDirectory()
	if err != nil {
		return none, err
	}
	return openat(directory, strconv.Itoa(descriptor), flags)
}

// chmod sets the mode of what an O_PATH descriptor is on: by fchmodat2(2), or
// before Linux 6.6 by the descriptor's link in procfs.
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
