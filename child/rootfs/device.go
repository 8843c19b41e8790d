package rootfs

import (
	"fmt"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

var deviceTypes = map[string]uint32{"c": unix.S_IFCHR, "b": unix.S_IFBLK, "p": unix.S_IFIFO}

// Device makes a device node or binds that of the runtime namespace. If the same node is
// already there, it is left as it is; anything else in its place is an error (OCI runtime
// specification, config-linux.md, "Devices").
func (b *Builder) Device(op *protocol.Device) error {
	kind, known := deviceTypes[op.Type]
	if !known {
		return refused("mknodat", op.Path, unix.EINVAL, fmt.Sprintf("device type %q; allowed are c, b and p", op.Type))
	}
	node := node{kind: kind}
	if kind != unix.S_IFIFO {
		node.number = unix.Mkdev(op.Major, op.Minor)
	}
	if op.Bound {
		return b.bindDevice(op, node)
	}
	path := clean(op.Path)
	directory, name, err := b.place(path)
	if err != nil {
		return err
	}
	err = withoutMask(func() error {
		return unix.Mknodat(directory, name, kind|op.Mode, int(node.number))
	})
	if err != nil && err != unix.EEXIST {
		return failed("mknodat", path, explainNode(err))
	}
	var stat unix.Stat_t
	if err := unix.Fstatat(directory, name, &stat, unix.AT_SYMLINK_NOFOLLOW); err != nil {
		return failed("fstatat", path, err)
	}
	if !node.is(&stat) {
		return refused("mknodat", path, unix.EEXIST, "there is "+typeName(stat.Mode)+" that is not the device")
	}
	if err == unix.EEXIST || isOwned(&stat, op) {
		return nil
	}
	return b.ownDevice(directory, name, op, node)
}

func explainNode(err error) error {
	if err == unix.EPERM {
		return &Explanation{Errno: unix.EPERM, Detail: "device nodes cannot be made in a user namespace, nor where the device rules of a cgroup above forbid it"}
	}
	return err
}

// node is what identifies a device node.
type node struct {
	kind   uint32
	number uint64
}

func (n node) is(stat *unix.Stat_t) bool {
	return isType(stat.Mode, n.kind) && uint64(stat.Rdev) == n.number
}

func isOwned(stat *unix.Stat_t, op *protocol.Device) bool {
	return stat.Mode&0o7777 == op.Mode && stat.Uid == op.UID && stat.Gid == op.GID
}

// ownDevice sets the owner of a new node, and its mode if the directory's default ACL or
// the change of owner reduced it.
func (b *Builder) ownDevice(directory int, name string, op *protocol.Device, node node) error {
	descriptor, err := openat(directory, name, unix.O_PATH|unix.O_NOFOLLOW)
	if err != nil {
		return failed("openat", op.Path, err)
	}
	defer unix.Close(descriptor)
	stat, err := fstat(descriptor)
	if err != nil {
		return failed("fstat", op.Path, err)
	}
	if !node.is(&stat) {
		return refused("openat", op.Path, unix.EEXIST, "there is "+typeName(stat.Mode)+" that is not the device")
	}
	if err := unix.Fchownat(descriptor, "", int(op.UID), int(op.GID), unix.AT_EMPTY_PATH); err != nil {
		return failed("fchownat", op.Path, err)
	}
	if err := b.process.chmod(descriptor, op.Mode); err != nil {
		return failed("fchmodat", op.Path, err)
	}
	return nil
}

// bindDevice binds the runtime namespace's node at the same path.
func (b *Builder) bindDevice(op *protocol.Device, node node) error {
	path := clean(op.Path)
	tree, err := cloneTree(unix.AT_FDCWD, path, unix.AT_SYMLINK_NOFOLLOW)
	if err != nil {
		return failed("open_tree", path, err)
	}
	defer unix.Close(tree)
	stat, err := fstat(tree)
	if err != nil {
		return failed("fstat", path, err)
	}
	if !node.is(&stat) {
		return refused("open_tree", path, unix.ENXIO, "the host has "+typeName(stat.Mode)+" there that is not the device")
	}
	return b.bindOnFile(tree, path, fileMode)
}
