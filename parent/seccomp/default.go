package seccomp

import (
	"slices"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// DefaultProfile returns the profile for containers without one of their own. It permits
// what programs usually need, and nothing that reaches beyond a container or has often been
// a way into the kernel. Every system call in the tables is in one of defaultGroups, with
// the reason. Newer calls fail with ENOSYS, like those above the highest number in any
// profile.
//
// The caller may modify the profile.
func DefaultProfile() *specs.LinuxSeccomp {
	profile := &specs.LinuxSeccomp{
		DefaultAction: specs.ActErrno,
		Syscalls:      make([]specs.LinuxSyscall, 0, len(defaultGroups)),
	}
	for _, name := range Architectures() {
		profile.Architectures = append(profile.Architectures, specs.Arch(name))
	}
	for _, g := range defaultGroups {
		entry := specs.LinuxSyscall{
			Names:  slices.Clone(g.names),
			Action: g.action,
			Args:   slices.Clone(g.args),
		}
		if g.errno != 0 {
			errno := g.errno
			entry.ErrnoRet = &errno
		}
		profile.Syscalls = append(profile.Syscalls, entry)
	}
	return profile
}

// defaultGroup is a set of system calls that are treated alike.
type defaultGroup struct {
	reason string
	action specs.LinuxSeccompAction
	errno  uint // 0 for EPERM, or if the action takes none
	args   []specs.LinuxSeccompArg
	names  []string
}

// The CLONE_NEW* flags of clone(2) and unshare(2). CLONE_NEWTIME is not one for clone,
// where its bit is part of the exit signal.
const (
	cloneNamespaces = unix.CLONE_NEWNS | unix.CLONE_NEWCGROUP | unix.CLONE_NEWUTS | unix.CLONE_NEWIPC |
		unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET
	unshareNamespaces = cloneNamespaces | unix.CLONE_NEWTIME
)

// The kernel reads 32 bits of an ioctl request, so a test must ignore the rest.
const ioctlRequest = 1<<32 - 1

// tioclinux is TIOCLINUX of asm-generic/ioctls.h.
const tioclinux = 0x541c

// Personalities of personality(2).
const (
	perLinux      = 0x0
	perLinux32    = 0x8
	uname26       = 0x20000
	queryPersonal = 0xffffffff
)

var defaultGroups = []defaultGroup{
	{
		reason: "reading, writing and waiting on open files",
		action: specs.ActAllow,
		names: []string{
			"_llseek", "_newselect", "cachestat", "close", "close_range", "copy_file_range", "dup", "dup2", "dup3",
			"epoll_create", "epoll_create1", "epoll_ctl", "epoll_ctl_old", "epoll_pwait", "epoll_pwait2", "epoll_wait",
			"epoll_wait_old", "eventfd", "eventfd2", "fadvise64", "fadvise64_64", "arm_fadvise64_64", "fallocate",
			"fcntl", "fcntl64", "fdatasync", "flock", "fsync", "ftruncate", "ftruncate64", "lseek", "pipe", "pipe2",
			"poll", "ppoll", "ppoll_time64", "pread64", "preadv", "preadv2", "pselect6", "pselect6_time64", "pwrite64",
			"pwritev", "pwritev2", "read", "readahead", "readv", "select", "sendfile", "sendfile64", "signalfd",
			"signalfd4", "splice", "sync", "sync_file_range", "arm_sync_file_range", "syncfs", "tee", "vmsplice", "write",
			"writev",
		},
	},
	{
		reason: "files and directories by name, under the kernel's own permission checks",
		action: specs.ActAllow,
		names: []string{
			"access", "chdir", "chmod", "chown", "chown32", "chroot", "creat", "faccessat", "faccessat2", "fchdir", "fchmod",
			"fchmodat", "fchmodat2", "fchown", "fchown32", "fchownat", "fgetxattr", "file_getattr", "file_setattr",
			"flistxattr", "fremovexattr", "fsetxattr", "fstat", "fstat64", "fstatat64", "fstatfs", "fstatfs64", "futimesat",
			"getcwd", "getdents", "getdents64", "getxattr", "getxattrat", "inotify_add_watch", "inotify_init",
			"inotify_init1", "inotify_rm_watch", "lchown", "lchown32", "lgetxattr", "link", "linkat", "listmount", "listxattr",
			"listxattrat", "llistxattr", "lremovexattr", "lsetxattr", "lstat", "lstat64", "mkdir", "mkdirat", "mknod",
			"mknodat", "newfstatat", "oldfstat", "oldlstat", "oldstat", "open", "openat", "openat2", "readdir", "readlink",
			"readlinkat", "removexattr", "removexattrat", "rename", "renameat", "renameat2", "rmdir", "setxattr",
			"setxattrat", "stat", "stat64", "statfs", "statfs64", "statmount", "statx", "symlink", "symlinkat", "truncate", "truncate64",
			"umask", "unlink", "unlinkat", "utime", "utimensat", "utimensat_time64", "utimes", "name_to_handle_at",
		},
	},
	{
		reason: "the memory of the process itself",
		action: specs.ActAllow,
		names: []string{
			"brk", "get_mempolicy", "madvise", "map_shadow_stack", "mbind", "membarrier", "memfd_create", "memfd_secret",
			"mincore", "mlock", "mlock2", "mlockall", "mmap", "mmap2", "mprotect", "mremap", "mseal", "msync", "munlock",
			"munlockall", "munmap", "pkey_alloc", "pkey_free", "pkey_mprotect", "process_madvise", "process_mrelease",
			"remap_file_pages", "set_mempolicy", "set_mempolicy_home_node",
		},
	},
	{
		reason: "starting, ending and awaiting programs; clone and clone3 have groups of their own",
		action: specs.ActAllow,
		names: []string{
			"execve", "execveat", "exit", "exit_group", "fork", "pidfd_open", "pidfd_send_signal", "vfork", "wait4",
			"waitid", "waitpid",
		},
	},
	{
		reason: "threads: locks, thread-local storage, per-processor state",
		action: specs.ActAllow,
		names: []string{
			"arch_prctl", "futex", "futex_requeue", "futex_time64", "futex_wait", "futex_waitv", "futex_wake",
			"get_robust_list", "get_thread_area", "get_tls", "getcpu", "rseq", "rseq_slice_yield", "set_robust_list",
			"set_thread_area", "set_tid_address", "set_tls",
		},
	},
	{
		reason: "signals, limited by the kernel to the container's processes",
		action: specs.ActAllow,
		names: []string{
			"alarm", "kill", "pause", "restart_syscall", "rt_sigaction", "rt_sigpending", "rt_sigprocmask",
			"rt_sigqueueinfo", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait", "rt_sigtimedwait_time64",
			"rt_tgsigqueueinfo", "sgetmask", "sigaction", "sigaltstack", "signal", "sigpending", "sigprocmask", "sigreturn",
			"sigsuspend", "ssetmask", "tgkill", "tkill",
		},
	},
	{
		reason: "identity, sessions, capabilities and limits, which the kernel guards by capabilities",
		action: specs.ActAllow,
		names: []string{
			"capget", "capset", "getegid", "getegid32", "geteuid", "geteuid32", "getgid", "getgid32", "getgroups",
			"getgroups32", "getpgid", "getpgrp", "getpid", "getppid", "getpriority", "getresgid", "getresgid32",
			"getresuid", "getresuid32", "getrlimit", "getrusage", "getsid", "gettid", "getuid", "getuid32", "ioprio_get",
			"ioprio_set", "nice", "prctl", "prlimit64", "setfsgid", "setfsgid32", "setfsuid", "setfsuid32", "setgid",
			"setgid32", "setgroups", "setgroups32", "setpgid", "setpriority", "setregid", "setregid32", "setresgid",
			"setresgid32", "setresuid", "setresuid32", "setreuid", "setreuid32", "setrlimit", "setsid", "setuid",
			"setuid32", "ugetrlimit",
		},
	},
	{
		reason: "scheduling of the container's processes",
		action: specs.ActAllow,
		names: []string{
			"sched_get_priority_max", "sched_get_priority_min", "sched_getaffinity", "sched_getattr", "sched_getparam",
			"sched_getscheduler", "sched_rr_get_interval", "sched_rr_get_interval_time64", "sched_setaffinity",
			"sched_setattr", "sched_setparam", "sched_setscheduler", "sched_yield",
		},
	},
	{
		reason: "reading clocks, sleeping, timers",
		action: specs.ActAllow,
		names: []string{
			"clock_getres", "clock_getres_time64", "clock_gettime", "clock_gettime64", "clock_nanosleep",
			"clock_nanosleep_time64", "getitimer", "gettimeofday", "nanosleep", "setitimer", "time", "timer_create",
			"timer_delete", "timer_getoverrun", "timer_gettime", "timer_gettime64", "timer_settime", "timer_settime64",
			"timerfd_create", "timerfd_gettime", "timerfd_gettime64", "timerfd_settime", "timerfd_settime64", "times",
		},
	},
	{
		reason: "using sockets; making them has a group of its own",
		action: specs.ActAllow,
		names: []string{
			"accept", "accept4", "bind", "connect", "getpeername", "getsockname", "getsockopt", "listen", "recv",
			"recvfrom", "recvmmsg", "recvmmsg_time64", "recvmsg", "send", "sendmmsg", "sendmsg", "sendto", "setsockopt",
			"shutdown",
		},
	},
	{
		reason: "System V and POSIX IPC, confined by the IPC namespace",
		action: specs.ActAllow,
		names: []string{
			"mq_getsetattr", "mq_notify", "mq_open", "mq_timedreceive", "mq_timedreceive_time64", "mq_timedsend",
			"mq_timedsend_time64", "mq_unlink", "msgctl", "msgget", "msgrcv", "msgsnd", "semctl", "semget", "semop",
			"semtimedop", "semtimedop_time64", "shmat", "shmctl", "shmdt", "shmget",
		},
	},
	{
		reason: "asynchronous I/O of the old kind, without the reach of io_uring",
		action: specs.ActAllow,
		names: []string{
			"io_cancel", "io_destroy", "io_getevents", "io_pgetevents", "io_pgetevents_time64", "io_setup", "io_submit",
		},
	},
	{
		reason: "facts about the system, and randomness",
		action: specs.ActAllow,
		names: []string{
			"getrandom", "olduname", "oldolduname", "riscv_hwprobe", "sysinfo", "uname",
		},
	},
	{
		reason: "a process giving up rights of its own",
		action: specs.ActAllow,
		names: []string{
			"landlock_add_rule", "landlock_create_ruleset", "landlock_restrict_self", "lsm_get_self_attr",
			"lsm_list_modules", "seccomp",
		},
	},
	{
		reason: "instruction caches and breakpoints of the calling process",
		action: specs.ActAllow,
		names:  []string{"breakpoint", "cacheflush", "riscv_flush_icache", "usr26", "usr32"},
	},

	{
		reason: "new processes and threads, but no new namespaces: those open kernel interfaces that are otherwise root's",
		action: specs.ActAllow,
		args:   []specs.LinuxSeccompArg{{Index: 0, Op: specs.OpMaskedEqual, Value: cloneNamespaces, ValueTwo: 0}},
		names:  []string{"clone"},
	},
	{
		reason: "threads that stop sharing, but no new namespaces",
		action: specs.ActAllow,
		args:   []specs.LinuxSeccompArg{{Index: 0, Op: specs.OpMaskedEqual, Value: unshareNamespaces, ValueTwo: 0}},
		names:  []string{"unshare"},
	},
	{
		reason: "its flags lie in memory, where a filter cannot look; C libraries fall back to clone",
		action: specs.ActErrno,
		errno:  uint(unix.ENOSYS),
		names:  []string{"clone3"},
	},
	{
		reason: "sockets of the families that programs use; others leave the network namespace (vsock) or only add kernel code to attack",
		action: specs.ActAllow,
		args: []specs.LinuxSeccompArg{
			{Index: 0, Op: specs.OpEqualTo, Value: unix.AF_UNIX},
			{Index: 0, Op: specs.OpEqualTo, Value: unix.AF_INET},
			{Index: 0, Op: specs.OpEqualTo, Value: unix.AF_INET6},
			{Index: 0, Op: specs.OpEqualTo, Value: unix.AF_NETLINK},
			{Index: 0, Op: specs.OpEqualTo, Value: unix.AF_PACKET},
		},
		names: []string{"socket", "socketpair"},
	},
	{
		reason: "devices and terminals, which device rules and permissions guard",
		action: specs.ActAllow,
		names:  []string{"ioctl"},
	},
	{
		reason: "typing into a terminal on behalf of its user, who may be outside the container",
		action: specs.ActErrno,
		args: []specs.LinuxSeccompArg{
			{Index: 1, Op: specs.OpMaskedEqual, Value: ioctlRequest, ValueTwo: unix.TIOCSTI},
			{Index: 1, Op: specs.OpMaskedEqual, Value: ioctlRequest, ValueTwo: tioclinux},
		},
		names: []string{"ioctl"},
	},
	{
		reason: "the personalities of plain and 32-bit programs; others switch off protections of memory",
		action: specs.ActAllow,
		args: []specs.LinuxSeccompArg{
			{Index: 0, Op: specs.OpEqualTo, Value: perLinux},
			{Index: 0, Op: specs.OpEqualTo, Value: perLinux32},
			{Index: 0, Op: specs.OpEqualTo, Value: uname26},
			{Index: 0, Op: specs.OpEqualTo, Value: uname26 | perLinux32},
			{Index: 0, Op: specs.OpEqualTo, Value: queryPersonal},
		},
		names: []string{"personality"},
	},

	{
		reason: "the mount tree is laid out before the program starts and stays so",
		action: specs.ActErrno,
		names: []string{
			"fsconfig", "fsmount", "fsopen", "fspick", "mount", "mount_setattr", "move_mount", "open_tree",
			"open_tree_attr", "pivot_root", "umount", "umount2",
		},
	},
	{
		reason: "ways into and views of namespaces outside the container",
		action: specs.ActErrno,
		names:  []string{"listns", "setns"},
	},
	{
		reason: "files by handle, past the container's root",
		action: specs.ActErrno,
		names:  []string{"open_by_handle_at"},
	},
	{
		reason: "watching or holding up file access of a whole mount",
		action: specs.ActErrno,
		names:  []string{"fanotify_init", "fanotify_mark"},
	},
	{
		reason: "other processes' memory, files and placement",
		action: specs.ActErrno,
		names: []string{
			"kcmp", "migrate_pages", "move_pages", "pidfd_getfd", "process_vm_readv", "process_vm_writev", "ptrace",
		},
	},
	{
		reason: "kernel interfaces with a long history of flaws, which few programs need and none in a container relies on",
		action: specs.ActErrno,
		names: []string{
			"bpf", "io_uring_enter", "io_uring_register", "io_uring_setup", "modify_ldt", "perf_event_open", "uprobe",
			"uretprobe", "userfaultfd", "vm86", "vm86old",
		},
	},
	{
		reason: "kernel keyrings, which namespaces do not divide",
		action: specs.ActErrno,
		names:  []string{"add_key", "keyctl", "request_key"},
	},
	{
		reason: "security labels are the runtime's to set",
		action: specs.ActErrno,
		names:  []string{"lsm_set_self_attr"},
	},
	{
		reason: "the kernel itself: modules, another kernel, restart",
		action: specs.ActErrno,
		names: []string{
			"create_module", "delete_module", "finit_module", "get_kernel_syms", "init_module", "kexec_file_load",
			"kexec_load", "query_module", "reboot",
		},
	},
	{
		reason: "the host's clock",
		action: specs.ActErrno,
		names: []string{
			"adjtimex", "clock_adjtime", "clock_adjtime64", "clock_settime", "clock_settime64", "settimeofday", "stime",
		},
	},
	{
		reason: "the host's log, accounting, quotas, swap, ports and names",
		action: specs.ActErrno,
		names: []string{
			"acct", "ioperm", "iopl", "lookup_dcookie", "nfsservctl", "pciconfig_iobase", "pciconfig_read",
			"pciconfig_write", "quotactl", "quotactl_fd", "setdomainname", "sethostname", "swapoff", "swapon", "syslog",
			"vhangup",
		},
	},
	{
		reason: "calls that kernels no longer have, or never had, or that nothing has used for decades",
		action: specs.ActErrno,
		errno:  uint(unix.ENOSYS),
		names: []string{
			"_sysctl", "afs_syscall", "bdflush", "break", "ftime", "getpmsg", "gtty", "idle", "lock", "mpx", "prof",
			"profil", "putpmsg", "security", "stty", "sysfs", "tuxcall", "ulimit", "uselib", "ustat", "vserver",
		},
	},
}
