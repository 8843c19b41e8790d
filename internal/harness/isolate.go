package harness

import (
	"errors"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// CgroupMount is where the tests' cgroup v2 tree is mounted.
const CgroupMount = "/sys/fs/cgroup"

// isolatedVariable marks the process that is in a mount namespace of its own.
const isolatedVariable = "FSRUN_TEST_ISOLATED"

// Isolate prepares this process for a package's tests. For root it executes the program
// again in a mount namespace of its own, with a pure cgroup v2 tree at [CgroupMount]. It
// also makes the process the subreaper of what a killed runtime leaves behind.
func Isolate() error {
	if os.Geteuid() == 0 && os.Getenv(isolatedVariable) == "" {
		if err := isolate(); err != nil {
			return fmt.Errorf("tests with containers cannot be isolated: %w", err)
		}
	}
	return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
}

// isolate executes this program again in a mount namespace, which belongs to the thread
// until execve makes it the process's. The mounts are shared among themselves, as service
// managers make them, to see how a container's mounts affect them.
func isolate() error {
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	for _, propagation := range []uintptr{unix.MS_PRIVATE, unix.MS_SHARED} {
		if err := unix.Mount("", "/", "", unix.MS_REC|propagation, ""); err != nil {
			return fmt.Errorf("change the propagation of all mounts: %w", err)
		}
	}
	if cgroupTree() != nil {
		if err := mountCgroup(); err != nil {
			return err
		}
	}
	return os.NewSyscallError("execve", unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), isolatedVariable+"=1")))
}

// hybridMount is where a hybrid host has its cgroup v2 tree.
const hybridMount = "/sys/fs/cgroup/unified"

// mountCgroup mounts the tree at CgroupMount. It copies an existing mount, because a new
// one could change the flags of the machine's.
func mountCgroup() error {
	tree, err := unix.OpenTree(unix.AT_FDCWD, hybridMount, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if errors.Is(err, unix.ENOENT) {
		return os.NewSyscallError("mount cgroup2", unix.Mount("cgroup2", CgroupMount, "cgroup2", 0, ""))
	}
	if err != nil {
		return &os.PathError{Op: "open_tree", Path: hybridMount, Err: err}
	}
	defer unix.Close(tree)
	if err := unix.Unmount(CgroupMount, unix.MNT_DETACH); err != nil {
		return &os.PathError{Op: "umount2", Path: CgroupMount, Err: err}
	}
	return os.NewSyscallError("move_mount", unix.MoveMount(tree, "", unix.AT_FDCWD, CgroupMount, unix.MOVE_MOUNT_F_EMPTY_PATH))
}
