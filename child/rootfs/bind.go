package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Bind binds a directory or file. Tree is the source as a detached mount opened by the
// parent, and remains the caller's to close. If it is negative, Bind opens the source
// itself, in the runtime namespace.
func (b *Builder) Bind(op *protocol.Bind, tree int) error {
	if tree < 0 {
		var err error
		if tree, err = cloneSource(op); err != nil {
			return err
		}
		defer unix.Close(tree)
	}
	if err := setBindAttributes(op, tree); err != nil {
		return err
	}
	path := clean(op.Destination)
	if err := b.propagateDetached(tree, path, op.Propagation); err != nil {
		return err
	}
	// One system call for everything we need to know about the tree: there may be many
	// binds.
	var stat unix.Statx_t
	if err := unix.Statx(tree, "", unix.AT_EMPTY_PATH, unix.STATX_TYPE|unix.STATX_MNT_ID, &stat); err != nil {
		return failed("statx", op.Source, err)
	}
	how := lookup{make: unix.S_IFREG}
	if isType(uint32(stat.Mode), unix.S_IFDIR) {
		how.make = unix.S_IFDIR
	}
	// Whatever is bound on /proc must be procfs, so it is treated as strictly.
	how.strict = path == "/proc"
	destination, err := b.tree.open(path, how)
	if err != nil && how.strict {
		return explainStrict(err, "proc")
	}
	if err != nil {
		return err
	}
	defer unix.Close(destination)
	if err := b.attachKnown(tree, stat.Mnt_id, destination, path, how); err != nil {
		return err
	}
	if err := b.propagateAttached(tree, path, op.Propagation); err != nil {
		return err
	}
	b.guard(path, "")
	return nil
}

func cloneSource(op *protocol.Bind) (int, error) {
	var flags uint
	if op.Recursive {
		flags = unix.AT_RECURSIVE
	}
	tree, err := cloneTree(unix.AT_FDCWD, op.Source, flags)
	if err == unix.EINVAL && !op.Recursive {
		err = &Explanation{Errno: unix.EINVAL,
			Detail: "a user namespace cannot bind a directory without the mounts below it",
			Remedy: "use rbind"}
	}
	if err != nil {
		return none, failed("open_tree", op.Source, err)
	}
	return tree, nil
}

// setBindAttributes completes a tree before it is attached, so that it is never visible
// without its attributes.
func setBindAttributes(op *protocol.Bind, tree int) error {
	object := clean(op.Destination)
	if err := setAttributes(tree, object, unix.AT_RECURSIVE, op.RecursiveSet, op.RecursiveClear); err != nil {
		return err
	}
	return setAttributes(tree, object, 0, op.Set, op.Clear)
}
