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
		// The mount's own attributes count after the recursive ones, as for binds.
		Set: options.RecursiveSet&^options.Clear | options.Set, Propagation: propagation, CopyUp: options.TmpCopyUp,
	}
	if IsCgroup(mount.Type) {
		op.Filesystem = "cgroup2"
	}
	op.Options = superblockOptions(options, takesReadOnly(mount))
	return op
}

// remount changes the mount that an earlier entry made. The file system's own
// options are not a bind mount's (mount(8), "remount").
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

// superblockOptions are the file system's own options; takesReadOnly says whether
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

// superblockFlags are those that fsconfig(2) takes by name.
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

// readOnlyByMount are the file systems of which read-only is an attribute of the mount
// alone: what they show is the kernel's, or nowhere but in memory, so that nothing is
// written that would outlive them. To many of them there is one instance for the host
// or for a namespace, and to make that read-only would be for everybody who has it
// mounted. All others store what they show, on a device for instance: to mount that
// read-only is to write nothing to it, and the only way for one that cannot be written.
var readOnlyByMount = []string{
	"binder", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts", "devtmpfs", "efivarfs", "fusectl",
	"hugetlbfs", "mqueue", "nfsd", "proc", "pstore", "ramfs", "resctrl", "rpc_pipefs", "securityfs", "selinuxfs", "smackfs",
	"sysfs", "tmpfs", "tracefs",
}

// takesReadOnly says whether read-only is a file system's own option, too.
func takesReadOnly(mount *specs.Mount) bool { return !slices.Contains(readOnlyByMount, mount.Type) }

// remountsReadOnly says whether it is one of the file system that an entry remounts:
// the type is that of the entry which mounted it. What was bound is the host's.
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
