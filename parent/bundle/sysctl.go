package bundle

import (
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// namespacedSysctls lists the sysctls that belong to a namespace. A name that ends in a
// slash stands for everything below it. All others would change the host and are refused
// (namespaces(7), ipc_namespaces(7), Documentation/admin-guide/sysctl).
var namespacedSysctls = [...]struct {
	path string
	kind specs.LinuxNamespaceType
}{
	{"fs/mqueue/", specs.IPCNamespace},
	{"kernel/domainname", specs.UTSNamespace},
	{"kernel/hostname", specs.UTSNamespace},
	{"kernel/msgmax", specs.IPCNamespace},
	{"kernel/msgmnb", specs.IPCNamespace},
	{"kernel/msgmni", specs.IPCNamespace},
	{"kernel/msg_next_id", specs.IPCNamespace},
	{"kernel/sem", specs.IPCNamespace},
	{"kernel/sem_next_id", specs.IPCNamespace},
	{"kernel/shmall", specs.IPCNamespace},
	{"kernel/shmmax", specs.IPCNamespace},
	{"kernel/shmmni", specs.IPCNamespace},
	{"kernel/shm_next_id", specs.IPCNamespace},
	{"kernel/shm_rmid_forced", specs.IPCNamespace},
	{"net/", specs.NetworkNamespace},
	{"user/", specs.UserNamespace},
}

// SysctlPath converts a sysctl's name to its path below /proc/sys. As in sysctl(8),
// whichever of dot and slash comes first is the separator, and the other is part of a name
// (net/ipv4/conf/eth0.5/forwarding). It returns false for a name that is empty or would
// leave /proc/sys.
func SysctlPath(name string) (string, bool) {
	path := name
	if at := strings.IndexAny(name, "./"); at >= 0 && name[at] == '.' {
		path = strings.Map(func(r rune) rune {
			switch r {
			case '.':
				return '/'
			case '/':
				return '.'
			}
			return r
		}, name)
	}
	for part := range strings.SplitSeq(path, "/") {
		if part == "" || part == "." || part == ".." {
			return "", false
		}
	}
	return path, true
}

// sysctlNamespace returns the type of namespace that a sysctl belongs to.
func sysctlNamespace(path string) (specs.LinuxNamespaceType, bool) {
	for _, s := range namespacedSysctls {
		if path == s.path || strings.HasSuffix(s.path, "/") && strings.HasPrefix(path, s.path) {
			return s.kind, true
		}
	}
	return "", false
}
