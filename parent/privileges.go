package parent

import "os"

// initialUserNamespace is the inode of the user namespace that the kernel made
// (Linux include/linux/proc_ns.h, PROC_USER_INIT_INO).
const initialUserNamespace = 0xEFFFFFFD

// isConfined says whether this process, root or not, in a user namespace, is without the
// powers that only the initial one has: making device nodes, loading device programs.
func isConfined(userNamespace uint64) bool {
	return os.Geteuid() != 0 || userNamespace != initialUserNamespace
}

// noDeviceRules is why the rules are left out of a container that is made by a
// process so confined. They keep a container from devices that it makes itself, and
// none does: outside the initial user namespace mknod(2) makes no device node, and
// nodes of a file system that is mounted there open no device.
const noDeviceRules = "linux.resources.devices: left out, because only root of the host can load a device program; " +
	"the container can make no device node, and has those devices that are bound into it as far as this user may open them"
