package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Directory makes a directory and its parents where nothing exists.
func (b *Builder) Directory(op *protocol.Directory) error {
	path := clean(op.Path)
	directory, err := b.tree.open(path, lookup{make: unix.S_IFDIR})
	if err != nil {
		return err
	}
	defer unix.Close(directory)
	stat, err := fstat(directory)
	if err != nil {
		return failed("fstat", path, err)
	}
	if !isType(stat.Mode, unix.S_IFDIR) {
		return refused("openat", path, unix.ENOTDIR, "there is "+typeName(stat.Mode))
	}
	return nil
}
