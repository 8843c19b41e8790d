package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Root sets the propagation of the tree that the namespace started with, binds the source
// to itself so that the root is a mount, and keeps its descriptor.
func (b *Builder) Root(op *protocol.Root) error {
	b.process.openCallers()
	if err := b.setOldPropagation(op.Propagation); err != nil {
		return err
	}
	source, err := openat(unix.AT_FDCWD, op.Source, unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return failed("openat", op.Source, err)
	}
	defer unix.Close(source)
	if b.shared {
		if err := makeMountPrivate(source, op.Source); err != nil {
			return err
		}
	}
	root, err := cloneTree(source, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE)
	if err != nil {
		return failed("open_tree", op.Source, err)
	}
	if b.shared {
		// The mounts below it are still shared.
		if err := setPropagation(root, op.Source, unix.MS_SLAVE|unix.MS_REC); err != nil {
			unix.Close(root)
			return err
		}
	}
	err = unix.MoveMount(root, "", source, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	if err != nil {
		unix.Close(root)
		return failed("move_mount", op.Source, err)
	}
	closeDescriptor(&b.tree.root)
	b.tree.root = root
	return nil
}

func (b *Builder) setOldPropagation(propagation uint32) error {
	const receives = unix.MS_PRIVATE | unix.MS_SLAVE | unix.MS_UNBINDABLE
	cutOff := propagation&receives != 0 && propagation&unix.MS_SHARED == 0 && propagation&unix.MS_REC != 0
	b.shared, b.sharing = !cutOff, !cutOff
	return setPropagationAt(unix.AT_FDCWD, "/", "/", propagation)
}

// makeMountPrivate makes a directory's mount private: pivot_root(2) refuses a root whose
// parent mount is shared, and mounts on a shared one would appear on the host.
func makeMountPrivate(directory int, object string) error {
	at, err := openat(directory, ".", unix.O_PATH)
	if err != nil {
		return failed("openat", object, err)
	}
	defer func() { unix.Close(at) }()
	for range maxComponents {
		var stat unix.Statx_t
		if err := unix.Statx(at, "", unix.AT_EMPTY_PATH, unix.STATX_MNT_ID, &stat); err != nil {
			return failed("statx", object, err)
		}
		if stat.Attributes&unix.STATX_ATTR_MOUNT_ROOT != 0 {
			return setPropagation(at, object, unix.MS_PRIVATE)
		}
		above, err := openat(at, "..", unix.O_PATH)
		if err != nil {
			return failed("openat", object, err)
		}
		unix.Close(at)
		at = above
	}
	return refused("mount_setattr", object, unix.EINVAL, "it is on a mount whose root cannot be reached")
}

// RootAttributes sets the attributes of the root mount only, not of the mounts below it.
func (b *Builder) RootAttributes(op *protocol.RootAttributes) error {
	if op.ReadOnly {
		if err := setAttributes(b.tree.root, "/", 0, unix.MOUNT_ATTR_RDONLY, 0); err != nil {
			return err
		}
	}
	return b.propagate(b.tree.root, "/", op.Propagation)
}
