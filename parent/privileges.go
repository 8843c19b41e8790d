package parent

import "os"

// initialUserNamespace is the inode of the kernel's initial user namespace (Linux
// include/linux/proc_ns.h, PROC_USER_INIT_INO).
const initialUserNamespace = 0xEFFFFFFD

// isConfined reports whether this process, root or not, in the given user namespace, lacks
// the powers that only the initial user namespace has: making device nodes and loading
// device programs.
func isConfined(userNamespace uint64) bool {
	return os.Geteuid() != 0 || userNamespace != initialUserNamespace
}

// noDeviceRules is the warning that the rules are left out of a container whose creator is
// confined. They would keep the container from using devices that it makes itself, and it
// cannot make any: outside the initial user namespace mknod(2) makes no device nodes, and
// nodes on a file system that is mounted there open no device.
const noDeviceRules = "linux.resources.devices: left out, because only root of the host can load a device program; " +
	"the container can make no device node, and has those devices that are bound into it as far as this user may open them"
