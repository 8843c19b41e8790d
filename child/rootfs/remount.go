package rootfs

import (
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// Remount changes the attributes, the file system options and the propagation of the mount
// at the destination.
func (b *Builder) Remount(op *protocol.Remount) error {
	path := clean(op.Destination)
	mount, err := b.tree.open(path, lookup{})
	if err != nil {
		return err
	}
	defer unix.Close(mount)
	var stat unix.Statx_t
	if err := unix.Statx(mount, "", unix.AT_EMPTY_PATH, 0, &stat); err != nil {
		return failed("statx", path, err)
	}
	if stat.Attributes&unix.STATX_ATTR_MOUNT_ROOT == 0 {
		return refused("mount_setattr", path, unix.EINVAL, "nothing is mounted there that could be changed")
	}
	if err := reconfigure(mount, path, op.Options); err != nil {
		return err
	}
	if err := setAttributes(mount, path, unix.AT_RECURSIVE, op.RecursiveSet, op.RecursiveClear); err != nil {
		return err
	}
	if err := setAttributes(mount, path, 0, op.Set, op.Clear); err != nil {
		return err
	}
	return b.propagate(mount, path, op.Propagation)
}

// reconfigure changes the options of a mounted file system (fspick(2)).
func reconfigure(mount int, path string, options []protocol.Pair) error {
	if len(options) == 0 {
		return nil
	}
	context, err := unix.Fspick(mount, "", unix.FSPICK_CLOEXEC|unix.FSPICK_EMPTY_PATH)
	if err != nil {
		return failed("fspick", path, err)
	}
	defer unix.Close(context)
	for _, option := range options {
		if err := setOption(context, "", path, option.Name, option.Value); err != nil {
			return err
		}
	}
	_, err = uninterrupted(func() (int, error) { return 0, unix.FsconfigReconfigure(context) })
	if err != nil {
		return failed("fsconfig", path, explainInstance(context, "", err))
	}
	return nil
}
