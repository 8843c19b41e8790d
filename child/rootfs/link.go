package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Link makes a symbolic link where nothing exists. Anything that exists is left alone: it
// belongs to the image, and the runtime does not depend on it.
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
