package main

// notSyscalls lists SYS_ constants that are masks or the ends of ranges rather than calls.
var notSyscalls = []string{"SYSCALL_MASK", "ARCH_SPECIFIC_SYSCALL"}

// armPrivate holds the calls of 32-bit ARM above __ARM_NR_BASE (0x0f0000), which x/sys
// leaves out (arch/arm/include/uapi/asm/unistd.h).
var armPrivate = table{
	"breakpoint": 0x0f0001,
	"cacheflush": 0x0f0002,
	"usr26":      0x0f0003,
	"usr32":      0x0f0004,
	"set_tls":    0x0f0005,
	"get_tls":    0x0f0006,
}

func addARMPrivate(t table) {
	for name, number := range armPrivate {
		t[name] = number
	}
}

// x32Bit is __X32_SYSCALL_BIT: x32 calls arrive with the audit architecture of x86_64 and this bit
// set in the number.
const x32Bit = 0x40000000

// only64 lists the calls that arch/x86/entry/syscalls/syscall_64.tbl has only for the
// 64-bit ABI and that have no counterpart in x32.
var only64 = []string{
	"_sysctl", "create_module", "epoll_ctl_old", "epoll_wait_old", "get_kernel_syms",
	"get_thread_area", "nfsservctl", "query_module", "set_thread_area", "uprobe", "uretprobe",
	"uselib", "vserver",
}

// x32Numbers holds the calls with their own entry point in x32 (512 to 547 in the same
// file).
var x32Numbers = table{
	"rt_sigaction":      512,
	"rt_sigreturn":      513,
	"ioctl":             514,
	"readv":             515,
	"writev":            516,
	"recvfrom":          517,
	"sendmsg":           518,
	"recvmsg":           519,
	"execve":            520,
	"ptrace":            521,
	"rt_sigpending":     522,
	"rt_sigtimedwait":   523,
	"rt_sigqueueinfo":   524,
	"sigaltstack":       525,
	"timer_create":      526,
	"mq_notify":         527,
	"kexec_load":        528,
	"waitid":            529,
	"set_robust_list":   530,
	"get_robust_list":   531,
	"vmsplice":          532,
	"move_pages":        533,
	"preadv":            534,
	"pwritev":           535,
	"rt_tgsigqueueinfo": 536,
	"recvmmsg":          537,
	"sendmmsg":          538,
	"process_vm_readv":  539,
	"process_vm_writev": 540,
	"setsockopt":        541,
	"getsockopt":        542,
	"io_setup":          543,
	"io_submit":         544,
	"execveat":          545,
	"preadv2":           546,
	"pwritev2":          547,
}

// toX32 converts the x86_64 table to that of x32.
func toX32(t table) {
	for _, name := range only64 {
		delete(t, name)
	}
	for name, number := range x32Numbers {
		t[name] = number
	}
	for name := range t {
		t[name] |= x32Bit
	}
}
