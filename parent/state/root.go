package state

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/fsrun/fsrun/internal/sys"
)

// systemRoot is the directory for a privileged caller's containers.
const systemRoot = "/run/fsrun"

// Root returns the default state directory: /run/fsrun, or $XDG_RUNTIME_DIR/fsrun for a
// user without privileges, including one that is root only in a user namespace.
func Root() (string, error) {
	return root(os.Geteuid(), inUserNamespace(), os.Getenv("XDG_RUNTIME_DIR"))
}

func root(uid int, userNamespace bool, runtimeDirectory string) (string, error) {
	switch {
	case privileged(uid, userNamespace, runtimeDirectory):
		return systemRoot, nil
	case runtimeDirectory == "":
		return "", errors.New("XDG_RUNTIME_DIR is not set, so there is no default state directory; set it, or give one with --root")
	case !filepath.IsAbs(runtimeDirectory):
		return "", errors.New("XDG_RUNTIME_DIR is a relative path; allowed: an absolute path")
	}
	return filepath.Join(runtimeDirectory, "fsrun"), nil
}

// Privileged reports whether this process has the host's powers, or those of a container
// that acts as a host: root without a user's session around it. Everybody else's cgroups
// are made by the user's own systemd.
func Privileged() bool {
	return privileged(os.Geteuid(), inUserNamespace(), os.Getenv("XDG_RUNTIME_DIR"))
}

func privileged(uid int, userNamespace bool, runtimeDirectory string) bool {
	return uid == 0 && (!userNamespace || runtimeDirectory == "")
}

// inUserNamespace reports whether IDs are mapped differently from the host's
// (user_namespaces(7)).
func inUserNamespace() bool {
	mapping, err := sys.ReadFile("/proc/self/uid_map")
	return err == nil && strings.Join(strings.Fields(string(mapping)), " ") != "0 0 4294967295"
}
