package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// ReadOnly makes a path and all mounts below it read-only: a copy of the tree is made
// read-only and attached on top, all through one descriptor. A path that does not exist is
// skipped.
func (b *Builder) ReadOnly(op *protocol.ReadOnly) error {
	path := clean(op.Path)
	destination, err := b.openCovered(path)
	if err != nil || destination == none {
		return err
	}
	defer unix.Close(destination)
	cover, err := cloneTree(destination, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return failed("open_tree", path, err)
	}
	defer unix.Close(cover)
	if err := setAttributes(cover, path, unix.AT_RECURSIVE, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
		return err
	}
	return b.attach(cover, destination, path, lookup{})
}
