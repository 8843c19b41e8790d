package bundle

import (
	"os"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// Namespace describes one namespace type.
type Namespace struct {
	// Type is its name in config.json.
	Type specs.LinuxNamespaceType
	// File is its name in /proc/PID/ns.
	File string
	// CloneFlag is its CLONE_NEW* flag for clone(2).
	CloneFlag uint64
}

// Namespaces lists the types in namespaces(7) that config.json can name.
var Namespaces = [...]Namespace{
	{specs.CgroupNamespace, "cgroup", unix.CLONE_NEWCGROUP},
	{specs.IPCNamespace, "ipc", unix.CLONE_NEWIPC},
	{specs.MountNamespace, "mnt", unix.CLONE_NEWNS},
	{specs.NetworkNamespace, "net", unix.CLONE_NEWNET},
	{specs.PIDNamespace, "pid", unix.CLONE_NEWPID},
	{specs.TimeNamespace, "time", unix.CLONE_NEWTIME},
	{specs.UserNamespace, "user", unix.CLONE_NEWUSER},
	{specs.UTSNamespace, "uts", unix.CLONE_NEWUTS},
}

// LookupNamespace returns the description of a namespace type.
func LookupNamespace(kind specs.LinuxNamespaceType) (Namespace, bool) {
	for _, n := range Namespaces {
		if n.Type == kind {
			return n, true
		}
	}
	return Namespace{}, false
}

// FindNamespace returns a spec's entry for a namespace type, or nil if the container shares
// the runtime's namespace.
func FindNamespace(spec *specs.Spec, kind specs.LinuxNamespaceType) *specs.LinuxNamespace {
	if spec.Linux == nil {
		return nil
	}
	for i := range spec.Linux.Namespaces {
		if spec.Linux.Namespaces[i].Type == kind {
			return &spec.Linux.Namespaces[i]
		}
	}
	return nil
}

// Isolated reports whether the container's namespace of this type is not the runtime's own,
// which a path may lead to as well. A path that cannot be examined counts as isolated:
// joining it will fail later, with a better error.
func Isolated(spec *specs.Spec, kind specs.LinuxNamespaceType) bool {
	entry := FindNamespace(spec, kind)
	if entry == nil {
		return false
	}
	if entry.Path == "" {
		return true
	}
	known, _ := LookupNamespace(kind)
	theirs, err := os.Stat(entry.Path)
	if err != nil {
		return true
	}
	ours, err := os.Stat("/proc/self/ns/" + known.File)
	return err != nil || !os.SameFile(theirs, ours)
}
