package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/privatecgroup2"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/seccomp"
)

// isolatedVariable marks the process that is in a mount namespace of its own.
const isolatedVariable = "FSRUN_BENCH_ISOLATED"

const (
	cgroupMount = privatecgroup2.Mount
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
	// The mount namespace, and the filter below, belong to the thread until execve makes
	// them the process's.
	if err := privatecgroup2.Enter(); err != nil {
		return err
	}
	// State directories are on a tmpfs, as on any booted system. It has our null device too.
	if err := unix.Mount("tmpfs", stateMount, "tmpfs", unix.MS_NOSUID, "mode=755"); err != nil {
		return fmt.Errorf("mount a tmpfs at %s: %w", stateMount, err)
	}
	if err := allowMemlock(); err != nil {
		return err
	}
	return os.NewSyscallError("execve", unix.Exec("/proc/self/exe", os.Args, append(os.Environ(), isolatedVariable+"=1")))
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
	filter := seccomp.Filter{Instructions: []seccomp.Instruction{
		{Code: load, K: number},
		{Code: equal, JF: 5, K: unix.SYS_PRLIMIT64},
		{Code: load, K: resource},
		{Code: equal, JF: 3, K: unix.RLIMIT_MEMLOCK},
		{Code: load, K: newLimit},
		{Code: equal, JT: 1, K: 0},
		{Code: give, K: unix.SECCOMP_RET_ERRNO}, // with errno 0: success
		{Code: give, K: unix.SECCOMP_RET_ALLOW},
	}}
	var program sys.Program
	program.Must("seccomp", "", unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, program.Filter(filter.Bytes()))
	return program.Run()
}
