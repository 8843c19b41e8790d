// Package privatecgroup2 gives a process a pure cgroup v2 tree at the usual place, whatever
// the machine has there: tests and benchmarks need it on hosts that still use cgroup v1.
package privatecgroup2

import (
	"fmt"
	"runtime"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// Mount is where the tree is mounted.
const Mount = "/sys/fs/cgroup"

// Enter moves the calling thread, to which it locks the goroutine, into a mount namespace of
// its own with private mounts and the tree at [Mount]. An execve then makes the namespace
// the process's. It needs root.
func Enter() error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("new mount namespace: %w (are you root?)", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	return showTree()
}

// showTree replaces what is mounted at Mount with only the cgroup2 tree. It copies an
// existing mount, because a new one could change the flags of the machine's.
func showTree() error {
	mounted, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup2"))
	if err != nil {
		return err
	}
	for _, mount := range mounted {
		if mount.Mountpoint == Mount {
			return nil
		}
	}
	if len(mounted) == 0 {
		if err := detachAll(Mount); err != nil {
			return err
		}
		if err := unix.Mount("cgroup2", Mount, "cgroup2", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("mount cgroup2 on %s: %w", Mount, err)
		}
		return nil
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, mounted[0].Mountpoint, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return fmt.Errorf("open_tree %s: %w", mounted[0].Mountpoint, err)
	}
	defer unix.Close(tree)
	if err := detachAll(Mount); err != nil {
		return err
	}
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, Mount, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("move_mount to %s: %w", Mount, err)
	}
	return nil
}

// detachAll unmounts every mount stacked on the path, including those below.
func detachAll(path string) error {
	for {
		mounted, err := mountinfo.Mounted(path)
		if err != nil || !mounted {
			return err
		}
		if err := unix.Unmount(path, unix.MNT_DETACH|unix.UMOUNT_NOFOLLOW); err != nil {
			return fmt.Errorf("detach %s: %w", path, err)
		}
	}
}
