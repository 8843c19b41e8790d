package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Pivot makes the root the root of the mount namespace and the thread's working directory,
// and leaves the old root.
func (b *Builder) Pivot(op *protocol.Pivot) error {
	if err := b.checkGuards(); err != nil {
		return err
	}
	b.parent.close()
	leave := b.pivot
	if op.Move {
		leave = b.move
	}
	namespace, err := b.namespace()
	if err != nil {
		return err
	}
	defer unix.Close(namespace)
	if err := leave(); err != nil {
		return err
	}
	return b.leaveNamespaceRoot(namespace, leave)
}

func (b *Builder) pivot() error {
	old := none
	if b.shared {
		var err error
		if old, err = openat(unix.AT_FDCWD, "/", unix.O_PATH|unix.O_DIRECTORY); err != nil {
			return failed("openat", "/", err)
		}
		defer unix.Close(old)
	}
	if err := unix.Fchdir(b.tree.root); err != nil {
		return failed("fchdir", "/", err)
	}
	// The old root ends up on top of the new one, and is still the working directory
	// (pivot_root(2), "pivot_root(".", ".")").
	if err := unix.PivotRoot(".", "."); err != nil {
		return failed("pivot_root", "/", explainPivot(err))
	}
	if old != none {
		// Otherwise the unmount would propagate to the host.
		if err := setPropagation(old, "/", unix.MS_PRIVATE|unix.MS_REC); err != nil {
			return err
		}
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return failed("umount2", "/", err)
	}
	return nil
}

// namespace opens the thread's mount namespace while the caller's /proc is still there.
func (b *Builder) namespace() (int, error) {
	const file = "ns/mnt"
	namespace, err := unix.Open("/proc/thread-self/"+file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err == nil {
		return namespace, nil
	}
	handle, err := b.process.root()
	if err != nil {
		return none, failed("fsopen", "proc", err)
	}
	directory, unlock, err := handle.OpenThreadSelf("ns/")
	if err != nil {
		return none, failed("openat", "/proc/thread-self/ns", err)
	}
	defer unlock()
	defer directory.Close()
	if namespace, err = openat(int(directory.Fd()), "mnt", unix.O_RDONLY); err != nil {
		return none, failed("openat", "/proc/thread-self/"+file, err)
	}
	return namespace, nil
}

// leaveNamespaceRoot goes where processes end up that join the namespace later: to its
// root, and to whatever is mounted on it. If the caller is in a chroot, that is not the
// root just left but the host's, which is left the same way.
func (b *Builder) leaveNamespaceRoot(namespace int, leave func() error) error {
	// setns changes the root and working directory, which threads share.
	if err := unix.Unshare(unix.CLONE_FS); err != nil {
		return failed("unshare", "CLONE_FS", err)
	}
	if err := unix.Setns(namespace, unix.CLONE_NEWNS); err != nil {
		return failed("setns", "the container's own mount namespace", err)
	}
	top, err := openat(unix.AT_FDCWD, "/", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return failed("openat", "/", err)
	}
	defer unix.Close(top)
	found, err := mountID(top)
	if err != nil {
		return failed("statx", "/", err)
	}
	root, err := mountID(b.tree.root)
	if err != nil {
		return failed("statx", "/", err)
	}
	if found == root {
		return nil
	}
	// Nothing is known about how its mounts propagate.
	b.shared = true
	above, err := openat(b.tree.root, "..", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return failed("openat", "/..", err)
	}
	defer unix.Close(above)
	if err := makeMountPrivate(above, "/.."); err != nil {
		return err
	}
	return leave()
}

func explainPivot(err error) error {
	if err == unix.EINVAL {
		return &Explanation{Errno: unix.EINVAL,
			Detail: "the old root cannot be left, as if it is the initial ramfs, or that of a chroot on a shared mount",
			Remedy: "use --no-pivot"}
	}
	return err
}
