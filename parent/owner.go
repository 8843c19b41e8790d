package parent

import (
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
)

// giveGroup makes the program's user the owner of the container's cgroup if that user is
// meant to make groups beneath it (config-linux.md, "Cgroup ownership"). Systemd makes such
// groups, even in a user namespace, where root is not root on the host. A caller other than
// root owns the cgroup already.
func giveGroup(group *cgroupv2.Group, spec *specs.Spec) error {
	owner, known := bundle.HostUID(spec, spec.Process.User.UID)
	if os.Geteuid() != 0 || !known || owner == 0 || !mayMakeGroups(spec) {
		return nil
	}
	return group.Delegate(int(owner))
}

// mayMakeGroups reports whether a container has a cgroup namespace of its own and sees its
// tree writable.
func mayMakeGroups(spec *specs.Spec) bool {
	namespace := bundle.FindNamespace(spec, specs.CgroupNamespace)
	return namespace != nil && namespace.Path == "" && slices.ContainsFunc(spec.Mounts, func(mount specs.Mount) bool {
		if !plan.IsCgroup(mount.Type) || bundle.MountDestination(&mount) != "/sys/fs/cgroup" {
			return false
		}
		options, err := bundle.ParseMountOptions(mount.Options)
		return err == nil && (options.Set|options.RecursiveSet&^options.Clear)&unix.MOUNT_ATTR_RDONLY == 0
	})
}
