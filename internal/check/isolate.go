package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"

	"github.com/moby/sys/mountinfo"
	"golang.org/x/sys/unix"
)

// isolateArgument makes this program run a command in a mount namespace of its own, with a
// pure cgroup v2 tree at cgroupRoot and with no signal ignored.
const isolateArgument = "-with-private-cgroup2"

const cgroupRoot = "/sys/fs/cgroup"

// isolated prefixes a command so that runIsolated runs it.
func isolated(command ...string) ([]string, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return append([]string{self, isolateArgument}, command...), nil
}

// runIsolated executes the command. It returns only on failure.
func runIsolated(command []string) error {
	if len(command) == 0 {
		return errors.New(isolateArgument + " wants a command")
	}
	program, err := exec.LookPath(command[0])
	if err != nil {
		return err
	}
	// A mount namespace belongs to a thread; after exec, there is no other.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("new mount namespace: %w (are you root?)", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_PRIVATE|unix.MS_REC, ""); err != nil {
		return fmt.Errorf("make the mounts private: %w", err)
	}
	if err := showPureCgroup2(); err != nil {
		return err
	}
	// A signal that is caught has its default action again after execve. So tests start the
	// same way, whether a terminal, nohup or a shell's & started this.
	signal.Notify(make(chan os.Signal, 1))
	return fmt.Errorf("%s: %w", program, unix.Exec(program, command, os.Environ()))
}

// showPureCgroup2 replaces what is mounted at cgroupRoot with only the cgroup2 tree. It
// copies an existing mount, because a new one could change the flags of the machine's.
func showPureCgroup2() error {
	mounted, err := mountinfo.GetMounts(mountinfo.FSTypeFilter("cgroup2"))
	if err != nil {
		return err
	}
	for _, mount := range mounted {
		if mount.Mountpoint == cgroupRoot {
			return nil
		}
	}
	if len(mounted) == 0 {
		if err := detachAll(cgroupRoot); err != nil {
			return err
		}
		if err := unix.Mount("cgroup2", cgroupRoot, "cgroup2", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
			return fmt.Errorf("mount cgroup2 on %s: %w", cgroupRoot, err)
		}
		return nil
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, mounted[0].Mountpoint, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return fmt.Errorf("open_tree %s: %w", mounted[0].Mountpoint, err)
	}
	defer unix.Close(tree)
	if err := detachAll(cgroupRoot); err != nil {
		return err
	}
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, cgroupRoot, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		return fmt.Errorf("move_mount to %s: %w", cgroupRoot, err)
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
