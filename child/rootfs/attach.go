package rootfs

import (
	"strings"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// attach attaches a detached mount to the destination, which was opened in the way that how
// describes. It then makes sure that the path really shows the mount, since a directory
// that is moved in the meantime takes its mount along. That is unnecessary only on a mount
// that no other process has yet.
func (b *Builder) attach(mount, destination int, path string, how lookup) error {
	return b.attachKnown(mount, unknown, destination, path, how)
}

// unknown stands for a mount ID that has not been looked up.
const unknown = 0

// attachKnown is attach for a mount whose ID may be known.
func (b *Builder) attachKnown(mount int, id uint64, destination int, path string, how lookup) error {
	b.parent.close() // the mount may cover it
	own, err := b.onOwn(destination, path)
	if err != nil {
		return err
	}
	err = unix.MoveMount(mount, "", destination, "", unix.MOVE_MOUNT_F_EMPTY_PATH|unix.MOVE_MOUNT_T_EMPTY_PATH)
	if err != nil {
		return failed("move_mount", path, explainMove(err, mount, destination))
	}
	if own {
		return nil
	}
	if id == unknown {
		if id, err = mountID(mount); err != nil {
			return failed("statx", path, err)
		}
	}
	return b.verify(id, path, how)
}

// onOwn reports whether the destination, which the path leads to, is on a mount that no
// other process has yet. It only looks if the path is beneath such a mount: a destination
// that a symbolic link leads there is verified like any other.
func (b *Builder) onOwn(destination int, path string) (bool, error) {
	for id, above := range b.own {
		if !strings.HasPrefix(path, above+"/") {
			continue
		}
		on, err := mountID(destination)
		if err != nil {
			return false, failed("statx", path, err)
		}
		if on == id {
			return true, nil
		}
	}
	return false, nil
}

// verify resolves a path again and requires that it leads to the mount with that ID.
func (b *Builder) verify(want uint64, path string, how lookup) error {
	how.make = 0
	descriptor, err := b.tree.open(path, how)
	if err != nil {
		return err
	}
	defer unix.Close(descriptor)
	have, err := mountID(descriptor)
	if err != nil {
		return failed("statx", path, err)
	}
	if want != have {
		return refused("move_mount", path, unix.EBUSY,
			"the path does not lead to what was mounted: it is the root itself, or was changed meanwhile")
	}
	return nil
}

// ownTypes lists the file systems in whose new instances no other process can move a
// directory before the container's first program runs.
var ownTypes = map[string]bool{"proc": true, "sysfs": true, "tmpfs": true}

// rememberOwn records that mounts on a new instance need no verification.
func (b *Builder) rememberOwn(mount int, op *protocol.Mount) error {
	if !ownTypes[op.Filesystem] || b.joined {
		return nil
	}
	id, err := mountID(mount)
	if err != nil {
		return failed("statx", op.Destination, err)
	}
	b.own[id] = clean(op.Destination)
	return nil
}

// explainMove names the most common reason for EINVAL.
func explainMove(err error, mount, destination int) error {
	if err != unix.EINVAL {
		return err
	}
	from, fromErr := fstat(mount)
	onto, ontoErr := fstat(destination)
	if fromErr != nil || ontoErr != nil || isType(from.Mode, unix.S_IFDIR) == isType(onto.Mode, unix.S_IFDIR) {
		return err
	}
	return &Explanation{Errno: unix.ENOTDIR,
		Detail: typeName(from.Mode) + " cannot be mounted on " + typeName(onto.Mode)}
}
