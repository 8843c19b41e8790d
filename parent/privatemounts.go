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

// inPrivateMounts calls do on a thread with a mount namespace of its own, of which
// nothing is left.
func inPrivateMounts(do func() error) error {
	done := make(chan error)
	go func() { done <- privately(do) }()
	return <-done
}

// privately never unlocks its thread, whose file system context is its own from then
// on: the thread ends with the goroutine. Should it be the first one, which cannot
// end, it is back among the mounts of all others.
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

// mountRoot makes a root file system a mount, as CRIU wants it. Its older versions do
// not bring back that it was read-only.
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
	// Nothing is removed but empty directories: the tree must never be, if it is there.
	return errors.Join(err, os.Remove(unified), os.Remove(yard))
}
