package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// isolatedVariable marks the process that is in a mount namespace of its own.
const isolatedVariable = "FSRUN_BENCH_ISOLATED"

const (
	cgroupMount = "/sys/fs/cgroup"
	stateMount  = "/run"
)

// isolate executes this program again in a mount namespace of its own with a pure cgroup v2
// tree, becomes the subreaper of what the runtimes leave behind, and lets peers do what
// this machine forbids but they do not really need.
func isolate() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("user %d: allowed: root, since containers with all namespaces are started", os.Geteuid())
	}
	if os.Getenv(isolatedVariable) != "" {
		return os.NewSyscallError("prctl PR_SET_CHILD_SUBREAPER", unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))
	}
	// A mount namespace and a filter belong to the thread until execve makes them the
	// process's.
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return os.NewSyscallError("unshare", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("make all mounts private: %w", err)
	}
	if err := showCgroups(); err != nil {
		return err
	}
	// State directories are on a tmpfs, as on any booted system.
	if err := unix.Mount("tmpfs", stateMount, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs at %s: %w", stateMount, err)
	}
	if err := allowMemlock(); err != nil {
		return err
	}
	return os.NewSyscallError("execve", unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), isolatedVariable+"=1")))
}

// showCgroups mounts the cgroup v2 tree of a hybrid host where runtimes look for it.
func showCgroups() error {
	var mounted unix.Statfs_t
	if err := unix.Statfs(cgroupMount, &mounted); err == nil && mounted.Type == unix.CGROUP2_SUPER_MAGIC {
		return nil
	}
	tree, err := unix.OpenTree(unix.AT_FDCWD, cgroupMount+"/unified", unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("mount cgroup2", unix.Mount("cgroup2", cgroupMount, "cgroup2", 0, ""))
	}
	defer unix.Close(tree)
	if err := unix.Unmount(cgroupMount, unix.MNT_DETACH); err != nil {
		return &os.PathError{Op: "umount2", Path: cgroupMount, Err: err}
	}
	return os.NewSyscallError("move_mount", unix.MoveMount(tree, "", unix.AT_FDCWD, cgroupMount, unix.MOVE_MOUNT_F_EMPTY_PATH))
}

// allowMemlock makes raising RLIMIT_MEMLOCK succeed without effect, for all runtimes, where
// root may not raise it. Some raise it before they load a device program, and give up if
// they cannot, although eBPF has not counted towards it since Linux 5.11.
func allowMemlock() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		return os.NewSyscallError("getrlimit", err)
	}
	unlimited := unix.Rlimit{Cur: unix.RLIM_INFINITY, Max: unix.RLIM_INFINITY}
	if limit == unlimited || unix.Prlimit(0, unix.RLIMIT_MEMLOCK, &unlimited, nil) == nil {
		return nil
	}
	const number, resource, newLimit = 0, 24, 32 // in struct seccomp_data
	load, equal, give := uint16(unix.BPF_LD|unix.BPF_W|unix.BPF_ABS), uint16(unix.BPF_JMP|unix.BPF_JEQ|unix.BPF_K), uint16(unix.BPF_RET|unix.BPF_K)
	filter := []unix.SockFilter{
		{Code: load, K: number},
		{Code: equal, Jf: 5, K: unix.SYS_PRLIMIT64},
		{Code: load, K: resource},
		{Code: equal, Jf: 3, K: unix.RLIMIT_MEMLOCK},
		{Code: load, K: newLimit},
		{Code: equal, Jt: 1, K: 0},
		{Code: give, K: unix.SECCOMP_RET_ERRNO}, // with errno 0: success
		{Code: give, K: unix.SECCOMP_RET_ALLOW},
	}
	var content []byte
	for _, instruction := range filter {
		content = binary.NativeEndian.AppendUint16(content, instruction.Code)
		content = append(content, instruction.Jt, instruction.Jf)
		content = binary.NativeEndian.AppendUint32(content, instruction.K)
	}
	var program sys.Program
	program.Must("seccomp", "", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, program.Filter(content))
	return program.Run()
}
