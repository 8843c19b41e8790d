package bundle

import (
	"github.com/opencontainers/runtime-spec/specs-go"
)

// OwnerMapping is the ID mapping of a mount.
type OwnerMapping struct {
	// UIDs and GIDs are the lines of the mapping: owner ContainerID + n on the file system
	// is shown through the mount as the host's owner HostID + n.
	UIDs, GIDs []specs.LinuxIDMapping
	// Namespace is the path of the user namespace whose mapping to use, if the container
	// joins one. UIDs and GIDs are then empty.
	Namespace string
	// Recursive applies the mapping to the mounts below, too.
	Recursive bool
}

// MountOwners returns the ID mapping that a mount asks for: its own, or else that of the
// container's user namespace (config.md, "Linux mount options", idmap and ridmap). It
// returns nil if the mount asks for none. Mappings without either option count as well,
// because config.md only recommends the option.
func MountOwners(spec *specs.Spec, mount *specs.Mount, options *MountOptions) *OwnerMapping {
	own := len(mount.UIDMappings)+len(mount.GIDMappings) > 0
	if !own && !options.IDMap && !options.RecursiveIDMap {
		return nil
	}
	owners := &OwnerMapping{Recursive: options.RecursiveIDMap}
	namespace := FindNamespace(spec, specs.UserNamespace)
	switch {
	case own:
		owners.UIDs, owners.GIDs = mount.UIDMappings, mount.GIDMappings
	case len(options.UIDs) > 0:
		owners.UIDs, _ = absolute(options.UIDs, spec.Linux.UIDMappings)
		owners.GIDs, _ = absolute(options.GIDs, spec.Linux.GIDMappings)
	case namespace != nil && namespace.Path != "":
		owners.Namespace = namespace.Path
	default:
		owners.UIDs, owners.GIDs = spec.Linux.UIDMappings, spec.Linux.GIDMappings
	}
	return owners
}

// checkIDMap requires both mappings or neither, a bind mount, and a user namespace if the
// mount has no mappings of its own.
func checkIDMap(path string, spec *specs.Spec, mount *specs.Mount, options *MountOptions) error {
	uids, gids := len(mount.UIDMappings) > 0, len(mount.GIDMappings) > 0
	asked := options.IDMap || options.RecursiveIDMap
	switch {
	case !uids && !gids && !asked:
		return nil
	case !options.IsBind() || options.Remount:
		return refuse(path, "asks for a mapping of owners of what is no new bind mount", "one for a bind mount, with the option \"bind\" or \"rbind\"")
	case uids && !gids:
		return refuse(path+".gidMappings", "is missing beside uidMappings", "both or neither")
	case gids && !uids:
		return refuse(path+".uidMappings", "is missing beside gidMappings", "both or neither")
	case len(options.UIDs) > 0:
		return checkIDMapValue(path+".options", spec, options, uids)
	case !uids && (spec.Linux == nil || FindNamespace(spec, specs.UserNamespace) == nil):
		return refuse(path+".options", "ask for a mapping of owners, and neither the mount has mappings nor the container a user namespace",
			"idmap and ridmap with uidMappings and gidMappings, or with a \"user\" entry in linux.namespaces")
	}
	if err := checkMappings(path+".uidMappings", mount.UIDMappings); err != nil {
		return err
	}
	return checkMappings(path+".gidMappings", mount.GIDMappings)
}

// checkIDMapValue checks mappings in the option's value. Beside says whether the mount has
// other mappings too.
func checkIDMapValue(path string, spec *specs.Spec, options *MountOptions, beside bool) error {
	if beside {
		return refuse(path, "have mappings of owners beside uidMappings and gidMappings", "one of the two")
	}
	linux := spec.Linux
	if linux == nil {
		linux = &specs.Linux{}
	}
	for _, side := range []struct {
		mappings  []RelativeMapping
		namespace []specs.LinuxIDMapping
		name      string
		property  string
	}{{options.UIDs, linux.UIDMappings, "uids", "linux.uidMappings"}, {options.GIDs, linux.GIDMappings, "gids", "linux.gidMappings"}} {
		mappings, ok := absolute(side.mappings, side.namespace)
		if !ok {
			return refuse(path, "map to ids of the container", "ids that one line of "+side.property+" has")
		}
		if err := checkMappings(path+" "+side.name, mappings); err != nil {
			return err
		}
	}
	return nil
}
