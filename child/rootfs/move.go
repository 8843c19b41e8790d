package rootfs

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// move puts the root on top of the old one and changes root to it, for a host whose root is
// the initial ramfs, where pivot_root(2) cannot work. The old root remains below, and
// chroot(2) does not confine a process with CAP_SYS_CHROOT. So every other mount of the
// host is unmounted first; if that is impossible, move fails.
func (b *Builder) move() error {
	if err := setPropagationAt(unix.AT_FDCWD, "/", "/", unix.MS_PRIVATE); err != nil {
		return err
	}
	if err := unix.MoveMount(b.tree.root, "", unix.AT_FDCWD, "/", unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return failed("move_mount", "/", err)
	}
	if err := b.unmountOthers(); err != nil {
		return err
	}
	if err := unix.Fchdir(b.tree.root); err != nil {
		return failed("fchdir", "/", err)
	}
	if err := unix.Chroot("."); err != nil {
		return failed("chroot", "/", err)
	}
	return nil
}

// maxRounds bounds how often the mount table is read. Mounts stacked on each other take one
// round each.
const maxRounds = 64

// unmountOthers unmounts everything that is mounted directly on the old root, including
// what is below it, except the new root.
func (b *Builder) unmountOthers() error {
	root, err := mountID(b.tree.root)
	if err != nil {
		return failed("statx", "/", err)
	}
	for range maxRounds {
		others, err := b.othersOnOldRoot(root)
		if err != nil {
			return err
		}
		if len(others) == 0 {
			return nil
		}
		for _, path := range others {
			if err := b.unmountOther(path); err != nil {
				return err
			}
		}
	}
	return refused("umount2", "/", unix.EBUSY, fmt.Sprintf("mounts are left after %d rounds", maxRounds))
}

func (b *Builder) unmountOther(path string) error {
	if b.shared {
		if err := setPropagationAt(unix.AT_FDCWD, path, path, unix.MS_PRIVATE|unix.MS_REC); err != nil {
			return err
		}
	}
	err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW)
	if err == unix.EINVAL {
		err = &Explanation{Errno: unix.EINVAL,
			Detail: "a mount of the host would stay within the container's reach: a user namespace cannot unmount it"}
	}
	if err != nil {
		return failed("umount2", path, err)
	}
	return nil
}

// othersOnOldRoot lists the mount points directly on the old root, except the new root.
func (b *Builder) othersOnOldRoot(root uint64) ([]string, error) {
	table, err := b.mountTable()
	if err != nil {
		return nil, err
	}
	mounts, err := parseMountInfo(table)
	if err != nil {
		return nil, failed("read", mountInfo, err)
	}
	var old uint64
	for _, mount := range mounts {
		if mount.id == root {
			old = mount.parent
		}
	}
	var paths []string
	seen := map[string]bool{}
	for _, mount := range mounts {
		if mount.parent == old && mount.id != root && mount.id != old && !seen[mount.path] {
			seen[mount.path] = true
			paths = append(paths, mount.path)
		}
	}
	return paths, nil
}

const (
	mountInfo = "/proc/thread-self/mountinfo"

	// maxMountTable bounds how much of the mount table is read, in bytes.
	maxMountTable = 64 << 20
)

func (b *Builder) mountTable() (string, error) {
	handle, err := b.process.root()
	if err != nil {
		return "", failed("fsopen", "proc", err)
	}
	file, unlock, err := handle.OpenThreadSelf("mountinfo")
	if err != nil {
		return "", failed("openat", mountInfo, err)
	}
	defer unlock()
	defer file.Close()
	descriptor, err := b.process.reopen(int(file.Fd()), unix.O_RDONLY)
	if err != nil {
		return "", failed("openat", mountInfo, err)
	}
	content := os.NewFile(uintptr(descriptor), mountInfo)
	defer content.Close()
	table, err := io.ReadAll(io.LimitReader(content, maxMountTable))
	if err != nil {
		return "", failed("read", mountInfo, err)
	}
	return string(table), nil
}
