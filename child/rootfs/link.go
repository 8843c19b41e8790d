package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Link makes a symbolic link where nothing stands. What stands there stays: it is
// the image's, and nothing of the runtime depends on it.
func (b *Builder) Link(op *protocol.Link) error {
	path := clean(op.Path)
	directory, name, err := b.place(path)
	if err != nil {
		return err
	}
	if err := unix.Symlinkat(op.Target, directory, name); err != nil && err != unix.EEXIST {
		return failed("symlinkat", path, err)
	}
	return nil
}
