package parent

import (
	"os"

	"golang.org/x/sys/unix"
)

// initialUserNamespace is the inode of the user namespace that the kernel made
// (Linux include/linux/proc_ns.h, PROC_USER_INIT_INO).
const initialUserNamespace = 0xEFFFFFFD

// isConfined says whether this process, root or not, is without the powers that only
// the initial user namespace has: making device nodes, loading device programs.
func isConfined() bool {
	var stat unix.Stat_t
	return os.Geteuid() != 0 || unix.Stat("/proc/self/ns/user", &stat) != nil || stat.Ino != initialUserNamespace
}

// noDeviceRules is why the rules are left out of a container that is made by a
// process so confined. They keep a container from devices that it makes itself, and
// none does: outside the initial user namespace mknod(2) makes no device node, and
// nodes of a file system that is mounted there open no device.
const noDeviceRules = "linux.resources.devices: left out, because only root of the host can load a device program; " +
	"the container can make no device node, and has those devices that are bound into it as far as this user may open them"
