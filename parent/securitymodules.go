package parent

import (
	"os"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// securityModules reports which security modules are active in this kernel, of those that a
// configuration needs.
func securityModules(process *specs.Process, mountLabel string) (apparmor, selinux bool) {
	if process.ApparmorProfile != "" {
		enabled, err := os.ReadFile("/sys/module/apparmor/parameters/enabled")
		apparmor = err == nil && strings.HasPrefix(string(enabled), "Y")
	}
	if process.SelinuxLabel != "" || mountLabel != "" {
		var stat unix.Statfs_t
		selinux = unix.Statfs("/sys/fs/selinux", &stat) == nil && stat.Type == unix.SELINUX_MAGIC
	}
	return apparmor, selinux
}
