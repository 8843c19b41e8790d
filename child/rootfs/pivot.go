package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Pivot makes the root the root of the mount namespace and the thread's working
// directory, and leaves the old root.
func (b *Builder) Pivot(op *protocol.Pivot) error {
	if err := b.checkGuards(); err != nil {
		return err
	}
	b.parent.close()
	if op.Move {
		return b.move()
	}
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
	// The old root ends up on top of the new one, where the working directory
	// still is (pivot_root(2), "pivot_root(".", ".")").
	if err := unix.PivotRoot(".", "."); err != nil {
		return failed("pivot_root", "/", explainPivot(err))
	}
	if old != none {
		// Or unmounting it would unmount on the host.
		if err := setPropagation(old, "/", unix.MS_PRIVATE|unix.MS_REC); err != nil {
			return err
		}
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return failed("umount2", "/", err)
	}
	return nil
}

func explainPivot(err error) error {
	if err == unix.EINVAL {
		return &Explanation{Errno: unix.EINVAL,
			Detail: "the old root cannot be left, as if it is the initial ramfs",
			Remedy: "use --no-pivot"}
	}
	return err
}
