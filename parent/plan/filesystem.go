package plan

import (
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

func newMount(place string, mount *specs.Mount, destination string, options *bundle.MountOptions, propagation uint32) *protocol.Mount {
	op := &protocol.Mount{
		Origin: at(place), Filesystem: mount.Type, Source: mount.Source, Destination: destination,
		// The mount's own attributes take precedence over the recursive ones, as for binds.
		Set: options.RecursiveSet&^options.Clear | options.Set, Propagation: propagation, CopyUp: options.TmpCopyUp,
	}
	if IsCgroup(mount.Type) {
		op.Filesystem = "cgroup2"
	}
	op.Options = superblockOptions(options, takesReadOnly(mount))
	return op
}

// remount changes the mount made by an earlier entry. It does not change file system
// options if that was a bind mount (mount(8), "remount").
func (l *lowering) remount(i int, destination string, options *bundle.MountOptions, propagation uint32) {
	op := &protocol.Remount{
		Origin: at(index("mounts", i)), Destination: destination,
		Set: options.Set, Clear: options.Clear,
		RecursiveSet: options.RecursiveSet, RecursiveClear: options.RecursiveClear,
		Propagation: propagation,
	}
	if !options.IsBind() {
		op.Options = superblockOptions(options, l.remountsReadOnly(i))
	}
	if l.remountWritable(op) {
		l.add(op)
	}
}

// superblockOptions returns the file system's own options. takesReadOnly says whether
// read-only is one of them.
func superblockOptions(options *bundle.MountOptions, takesReadOnly bool) []protocol.Pair {
	var pairs []protocol.Pair
	for _, data := range options.Data {
		pairs = append(pairs, protocol.Pair{Name: data.Key, Value: data.Value})
	}
	for _, flag := range superblockFlags {
		if flag.mask == unix.MS_RDONLY && !takesReadOnly {
			continue
		}
		if options.Superblock&flag.mask != 0 {
			pairs = append(pairs, protocol.Pair{Name: flag.name})
		}
		if options.SuperblockClear&flag.mask != 0 && options.Remount {
			pairs = append(pairs, protocol.Pair{Name: flag.opposite})
		}
	}
	return pairs
}

// superblockFlags lists the flags that fsconfig(2) takes by name.
var superblockFlags = []struct {
	mask           uint64
	name, opposite string
}{
	{unix.MS_RDONLY, "ro", "rw"},
	{unix.MS_SYNCHRONOUS, "sync", "async"},
	{unix.MS_DIRSYNC, "dirsync", ""}, // nothing clears it, and package bundle refuses it in a remount
	{unix.MS_LAZYTIME, "lazytime", "nolazytime"},
	{unix.MS_MANDLOCK, "mand", "nomand"},
}

// readOnlyByMount lists the file systems for which read-only is an attribute of the mount
// alone. What they show belongs to the kernel or exists only in memory, so nothing is
// written that would outlive them. Many have a single instance for the host or for a
// namespace, and making that read-only would affect everybody who has it mounted. All other
// file systems store what they show, for example on a device: there, a read-only mount
// means not writing to it, and is the only way to mount what cannot be written.
var readOnlyByMount = []string{
	"binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl",
	"hugetlbfs", "mqueue", "nfsd", "proc", "pstore", "ramfs", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs",
	"sysfs", "tmpfs", "tracefs",
}

// takesReadOnly reports whether read-only is an option of the file system, too.
func takesReadOnly(mount *specs.Mount) bool { return !slices.Contains(readOnlyByMount, mount.Type) }

// remountsReadOnly reports the same for what an entry remounts. The type is that of the
// entry that mounted it; what was bound belongs to the host.
func (l *lowering) remountsReadOnly(i int) bool {
	destination := bundle.MountDestination(&l.spec.Mounts[i])
	for i--; i >= 0; i-- {
		mount := &l.spec.Mounts[i]
		if bundle.MountDestination(mount) != destination {
			continue
		}
		if options, err := bundle.ParseMountOptions(mount.Options); err == nil && !options.Remount {
			return !options.IsBind() && takesReadOnly(mount)
		}
	}
	return false
}
