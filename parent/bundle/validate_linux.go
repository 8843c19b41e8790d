package bundle

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

const (
	// maxMajor and maxMinor are the largest numbers in the kernel's dev_t.
	maxMajor = 1<<12 - 1
	maxMinor = 1<<20 - 1
	// maxPermissions has all permission bits, the set-ID bits and the sticky bit.
	maxPermissions = 0o7777
)

// checkNamespaces requires a mount namespace, because the mounts that make up the root file
// system must not reach the host. It comes before all rules that read other properties of
// linux.
func checkNamespaces(path string, spec *specs.Spec) error {
	if spec.Linux == nil {
		return refuse("linux", "is missing, and with it a mount namespace, which keeps the container's mounts from the host", "an object with linux.namespaces")
	}
	for i, namespace := range spec.Linux.Namespaces {
		at := index(path, i)
		if _, known := LookupNamespace(namespace.Type); !known {
			return refuse(at+".type", quote(string(namespace.Type)), namespaceNames())
		}
		for earlier := range i {
			if spec.Linux.Namespaces[earlier].Type == namespace.Type {
				return refuse(at+".type", quote(string(namespace.Type))+" is named by "+index(path, earlier)+" already", "one entry for each type")
			}
		}
		if namespace.Path != "" {
			if err := checkAbsolutePath(at+".path", namespace.Path); err != nil {
				return err
			}
		}
	}
	if FindNamespace(spec, specs.MountNamespace) == nil {
		return refuse(path, "has no \"mount\" entry", "a list with a mount namespace, which keeps the container's mounts from the host")
	}
	if !Isolated(spec, specs.MountNamespace) {
		return refuse(path, "has a \"mount\" entry that leads to the runtime's own namespace", "another mount namespace, which keeps the container's mounts from the host")
	}
	return nil
}

func namespaceNames() string {
	names := make([]string, 0, len(Namespaces))
	for _, n := range Namespaces {
		names = append(names, string(n.Type))
	}
	return strings.Join(names, ", ")
}

func checkUIDMappings(path string, spec *specs.Spec) error {
	return checkUserMappings(path, spec, spec.Linux.UIDMappings)
}

func checkGIDMappings(path string, spec *specs.Spec) error {
	return checkUserMappings(path, spec, spec.Linux.GIDMappings)
}

// checkUserMappings requires mappings with a new user namespace and refuses them without
// one. With a joined namespace they are allowed but not written: engines repeat those of
// the namespace. In a new one the child needs an ID for what it makes, and that is root's.
func checkUserMappings(path string, spec *specs.Spec, mappings []specs.LinuxIDMapping) error {
	namespace := FindNamespace(spec, specs.UserNamespace)
	switch {
	case namespace == nil && len(mappings) > 0:
		return refuse(path, "is set, but linux.namespaces has no \"user\" entry", "mappings only with a user namespace")
	case namespace != nil && namespace.Path == "" && len(mappings) == 0:
		return refuse(path, "is empty, but linux.namespaces asks for a new user namespace", "at least one mapping")
	}
	if err := checkMappings(path, mappings); err != nil {
		return err
	}
	if namespace != nil && namespace.Path == "" && !mapped(mappings, 0) {
		return refuse(path, "maps nothing to 0 in the container", "mappings of which one does")
	}
	return nil
}

// checkMappedUser requires that every ID of the process is mapped in a new user namespace.
func checkMappedUser(path string, spec *specs.Spec) error {
	namespace := FindNamespace(spec, specs.UserNamespace)
	if namespace == nil || namespace.Path != "" {
		return nil
	}
	user := &spec.Process.User
	if !mapped(spec.Linux.UIDMappings, user.UID) {
		return refuse(path+".uid", decimal(user.UID), "an id that linux.uidMappings maps")
	}
	if !mapped(spec.Linux.GIDMappings, user.GID) {
		return refuse(path+".gid", decimal(user.GID), "an id that linux.gidMappings maps")
	}
	for i, gid := range user.AdditionalGids {
		if !mapped(spec.Linux.GIDMappings, gid) {
			return refuse(index(path+".additionalGids", i), decimal(gid), "an id that linux.gidMappings maps")
		}
	}
	return nil
}

// checkSysctl allows sysctls that belong to a namespace of the container's own; all others
// would change the host.
func checkSysctl(path string, spec *specs.Spec) error {
	for _, name := range slices.Sorted(maps.Keys(spec.Linux.Sysctl)) {
		at := path + "[" + quote(name) + "]"
		file, valid := SysctlPath(name)
		if !valid {
			return refuse(at, "is not a sysctl's name", "a path below /proc/sys, with dots or slashes")
		}
		kind, namespaced := sysctlNamespace(file)
		if !namespaced {
			return refuse(at, "belongs to no namespace, it would change the host", "sysctls of the ipc, network, user and uts namespaces")
		}
		if !Isolated(spec, kind) {
			return refuse(at, "belongs to the "+string(kind)+" namespace, which is the host's", "it only with a "+string(kind)+" namespace of the container's own")
		}
		if name := conflictingName(spec, file); name != "" {
			return refuse(at, "contradicts "+name, "one of the two")
		}
	}
	return nil
}

// conflictingName returns the property that sets the same thing as a sysctl.
func conflictingName(spec *specs.Spec, file string) string {
	switch {
	case file == "kernel/hostname" && spec.Hostname != "":
		return "hostname"
	case file == "kernel/domainname" && spec.Domainname != "":
		return "domainname"
	}
	return ""
}

// deviceType maps a type in mknod(1) to that in st_mode.
type deviceType struct {
	name string
	mode uint32
}

var deviceTypes = [...]deviceType{
	{"b", unix.S_IFBLK},
	{"c", unix.S_IFCHR},
	{"u", unix.S_IFCHR},
	{"p", unix.S_IFIFO},
}

func checkDevices(path string, spec *specs.Spec) error {
	for i := range spec.Linux.Devices {
		if err := checkDevice(index(path, i), &spec.Linux.Devices[i]); err != nil {
			return err
		}
	}
	return nil
}

func checkDevice(path string, device *specs.LinuxDevice) error {
	if err := checkAbsolutePath(path+".path", device.Path); err != nil {
		return err
	}
	kind := slices.IndexFunc(deviceTypes[:], func(t deviceType) bool { return t.name == device.Type })
	if kind < 0 {
		return refuse(path+".type", quote(device.Type), "b, c, u or p")
	}
	if device.Type != "p" {
		if device.Major < 0 || device.Major > maxMajor {
			return refuse(path+".major", strconv.FormatInt(device.Major, 10), "0.."+strconv.Itoa(maxMajor))
		}
		if device.Minor < 0 || device.Minor > maxMinor {
			return refuse(path+".minor", strconv.FormatInt(device.Minor, 10), "0.."+strconv.Itoa(maxMinor))
		}
	}
	// Some engines include the file type in the mode.
	if mode := device.FileMode; mode != nil && uint32(*mode)&^deviceTypes[kind].mode > maxPermissions {
		return refuse(path+".fileMode", decimal(uint32(*mode)), "0.."+strconv.Itoa(maxPermissions)+" (07777 in octal; JSON numbers are decimal)")
	}
	for _, id := range []struct {
		name  string
		value *uint32
	}{{"uid", device.UID}, {"gid", device.GID}} {
		if id.value != nil {
			if err := checkID(path+"."+id.name, *id.value); err != nil {
				return err
			}
		}
	}
	return nil
}
