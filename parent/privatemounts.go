package parent

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/criu"
)

// inPrivateMounts calls do on a thread with a mount namespace of its own, which is gone
// afterwards.
func inPrivateMounts(do func() error) error {
	done := make(chan error)
	go func() { done <- privately(do) }()
	return <-done
}

// privately never unlocks its thread, which keeps a file system context of its own: the
// thread ends with the goroutine. If it is the main thread, which cannot end, it returns to
// the mounts of the others.
func privately(do func() error) error {
	runtime.LockOSThread()
	ours, err := os.Open("/proc/thread-self/ns/mnt")
	if err != nil {
		return err
	}
	defer ours.Close()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	defer func() { _ = unix.Setns(int(ours.Fd()), unix.CLONE_NEWNS) }()
	if err := mount("", "/", unix.MS_REC|unix.MS_SLAVE); err != nil {
		return err
	}
	return do()
}

func mount(source, target string, flags uintptr) error {
	if err := unix.Mount(source, target, "", flags, ""); err != nil {
		return &os.PathError{Op: "mount", Path: target, Err: err}
	}
	return nil
}

// mountRoot makes a root file system a mount, as CRIU requires. Older versions of CRIU do
// not restore that it was read-only.
func mountRoot(root string, readOnly bool) error {
	if err := mount(root, root, unix.MS_BIND|unix.MS_REC); err != nil || !readOnly {
		return err
	}
	attributes := &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY}
	if err := unix.MountSetattr(unix.AT_FDCWD, root, 0, attributes); err != nil {
		return &os.PathError{Op: "mount_setattr", Path: root, Err: err}
	}
	return nil
}

// withYard gives CRIU the cgroup2 tree as it is mounted.
func withYard(tree *cgroupv2.Tree, settings *criu.Settings, do func() error) error {
	if tree == nil {
		return do()
	}
	yard, err := os.MkdirTemp("", "fsrun-cgroups")
	if err != nil {
		return err
	}
	unified := filepath.Join(yard, "unified")
	if err = os.Mkdir(unified, 0o700); err == nil {
		err = mount(tree.Mount(), unified, unix.MS_BIND)
	}
	if err == nil {
		settings.Yard = yard
		err = errors.Join(do(), unix.Unmount(unified, unix.MNT_DETACH))
	}
	// This removes only empty directories: the tree, if it is still there, must never be
	// removed.
	return errors.Join(err, os.Remove(unified), os.Remove(yard))
}
