package cgroupv2

import (
	"strings"
	"testing"
)

// The remedy depends on who owns the group that lacks the controller.
func TestUndelegatedHint(t *testing.T) {
	for group, want := range map[string]string{
		"/sys/fs/cgroup/system.slice/fsrun-web.scope":                                          "cgroup.subtree_control of every group above it",
		"/sys/fs/cgroup/user.slice/user-1000.slice/user@1000.service/user.slice/fsrun-a.scope": "/etc/systemd/system/user@.service.d/delegate.conf",
	} {
		e := &ControllerError{Controller: "cpuset", Setting: Setting{Path: "linux.resources.cpu.cpus"}, Binding: Undelegated, Where: group}
		for _, part := range []string{"linux.resources.cpu.cpus", group, want} {
			if !strings.Contains(e.Error(), part) {
				t.Errorf("%q does not say %q", e, part)
			}
		}
	}
}
