package bundle

import (
	"sort"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// MaxMountData bounds a mount's file system options in bytes: mount(2) accepts one page.
const MaxMountData = 4095

// MountOptions is the meaning of a mount's options.
type MountOptions struct {
	// Set and Clear are MOUNT_ATTR_* masks for mount_setattr(2) on the mount itself. If an
	// access time mode is chosen, Clear contains all of MOUNT_ATTR__ATIME, as the call
	// requires.
	Set, Clear uint64
	// RecursiveSet and RecursiveClear are the same for AT_RECURSIVE.
	RecursiveSet, RecursiveClear uint64
	// Superblock and SuperblockClear are the MS_* flags of mount(2) that apply to a file
	// system rather than a mount: MS_RDONLY, MS_SYNCHRONOUS, MS_DIRSYNC, MS_LAZYTIME,
	// MS_MANDLOCK, MS_I_VERSION, MS_SILENT. They mean nothing for bind mounts. A read-only
	// option sets both this and Set.
	Superblock, SuperblockClear uint64
	// Propagation lists the changes of propagation type in order, each of them one of
	// MS_SHARED, MS_SLAVE, MS_PRIVATE and MS_UNBINDABLE, with MS_REC if it is recursive.
	Propagation []uint64
	// Bind and RecursiveBind ask for a bind mount, RecursiveBind for one of the whole tree.
	Bind, RecursiveBind bool
	// Remount changes an existing mount.
	Remount bool
	// TmpCopyUp copies the directory beneath a tmpfs into it.
	TmpCopyUp bool
	// IDMap and RecursiveIDMap ask for an ID-mapped mount.
	IDMap, RecursiveIDMap bool
	// UIDs and GIDs are the mappings in the value of idmap or ridmap.
	UIDs, GIDs []RelativeMapping
	// Data holds the remaining options, which are the file system's own, in order.
	Data []MountData
}

// MountData is an option of the file system: a key, or key=value.
type MountData struct {
	Key, Value string
	HasValue   bool
}

// IsBind reports whether the options make a mount a bind mount (config.md, Mounts).
func (o *MountOptions) IsBind() bool { return o.Bind || o.RecursiveBind }

// mountOption is a row in the table of options.
type mountOption struct {
	name string
	// set and clear are MOUNT_ATTR_* masks.
	set, clear uint64
	// superblock and superblockClear are MS_* masks.
	superblock, superblockClear uint64
	// propagation is an MS_* type.
	propagation uint64
	// recursive says that set and clear apply to the whole tree.
	recursive bool
	// mark is for an option without masks.
	mark mark
}

// mark identifies an option that is either given or not. A function that records it would
// move the options it is called with to the heap, and there may be a thousand mounts.
type mark int

const (
	unmarked mark = iota
	markBind
	markRecursiveBind
	markRemount
	markTmpCopyUp
	markIDMap
	markRecursiveIDMap
)

// marked returns where a mark is recorded.
func (o *MountOptions) marked(mark mark) *bool {
	return [...]*bool{
		markBind: &o.Bind, markRecursiveBind: &o.RecursiveBind, markRemount: &o.Remount,
		markTmpCopyUp: &o.TmpCopyUp, markIDMap: &o.IDMap, markRecursiveIDMap: &o.RecursiveIDMap,
	}[mark]
}

const atime = unix.MOUNT_ATTR__ATIME

// mountOptions is the table in config.md, "Linux mount options", by name. The masks follow
// mount_setattr(2). atime, nostrictatime and norelatime select the kernel's default,
// relatime, as they do in mount(8).
var mountOptions = [...]mountOption{
	{name: "async", superblockClear: unix.MS_SYNCHRONOUS},
	{name: "atime", set: unix.MOUNT_ATTR_RELATIME, clear: atime},
	{name: "bind", mark: markBind},
	{name: "defaults"},
	{name: "dev", clear: unix.MOUNT_ATTR_NODEV},
	{name: "diratime", clear: unix.MOUNT_ATTR_NODIRATIME},
	{name: "dirsync", superblock: unix.MS_DIRSYNC},
	{name: "exec", clear: unix.MOUNT_ATTR_NOEXEC},
	{name: "idmap", mark: markIDMap},
	{name: "iversion", superblock: unix.MS_I_VERSION},
	{name: "lazytime", superblock: unix.MS_LAZYTIME},
	{name: "loud", superblockClear: unix.MS_SILENT},
	{name: "mand", superblock: unix.MS_MANDLOCK},
	{name: "noatime", set: unix.MOUNT_ATTR_NOATIME, clear: atime},
	{name: "nodev", set: unix.MOUNT_ATTR_NODEV},
	{name: "nodiratime", set: unix.MOUNT_ATTR_NODIRATIME},
	{name: "noexec", set: unix.MOUNT_ATTR_NOEXEC},
	{name: "noiversion", superblockClear: unix.MS_I_VERSION},
	{name: "nolazytime", superblockClear: unix.MS_LAZYTIME},
	{name: "nomand", superblockClear: unix.MS_MANDLOCK},
	{name: "norelatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime},
	{name: "nostrictatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime},
	{name: "nosuid", set: unix.MOUNT_ATTR_NOSUID},
	{name: "nosymfollow", set: unix.MOUNT_ATTR_NOSYMFOLLOW},
	{name: "private", propagation: unix.MS_PRIVATE},
	{name: "ratime", set: unix.MOUNT_ATTR_RELATIME, clear: atime, recursive: true},
	{name: "rbind", mark: markRecursiveBind},
	{name: "rdev", clear: unix.MOUNT_ATTR_NODEV, recursive: true},
	{name: "rdiratime", clear: unix.MOUNT_ATTR_NODIRATIME, recursive: true},
	{name: "relatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime},
	{name: "remount", mark: markRemount},
	{name: "rexec", clear: unix.MOUNT_ATTR_NOEXEC, recursive: true},
	{name: "ridmap", mark: markRecursiveIDMap},
	{name: "rnoatime", set: unix.MOUNT_ATTR_NOATIME, clear: atime, recursive: true},
	{name: "rnodev", set: unix.MOUNT_ATTR_NODEV, recursive: true},
	{name: "rnodiratime", set: unix.MOUNT_ATTR_NODIRATIME, recursive: true},
	{name: "rnoexec", set: unix.MOUNT_ATTR_NOEXEC, recursive: true},
	{name: "rnorelatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime, recursive: true},
	{name: "rnostrictatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime, recursive: true},
	{name: "rnosuid", set: unix.MOUNT_ATTR_NOSUID, recursive: true},
	{name: "rnosymfollow", set: unix.MOUNT_ATTR_NOSYMFOLLOW, recursive: true},
	{name: "ro", set: unix.MOUNT_ATTR_RDONLY, superblock: unix.MS_RDONLY},
	{name: "rprivate", propagation: unix.MS_PRIVATE | unix.MS_REC},
	{name: "rrelatime", set: unix.MOUNT_ATTR_RELATIME, clear: atime, recursive: true},
	{name: "rro", set: unix.MOUNT_ATTR_RDONLY, recursive: true},
	{name: "rrw", clear: unix.MOUNT_ATTR_RDONLY, recursive: true},
	{name: "rshared", propagation: unix.MS_SHARED | unix.MS_REC},
	{name: "rslave", propagation: unix.MS_SLAVE | unix.MS_REC},
	{name: "rstrictatime", set: unix.MOUNT_ATTR_STRICTATIME, clear: atime, recursive: true},
	{name: "rsuid", clear: unix.MOUNT_ATTR_NOSUID, recursive: true},
	{name: "rsymfollow", clear: unix.MOUNT_ATTR_NOSYMFOLLOW, recursive: true},
	{name: "runbindable", propagation: unix.MS_UNBINDABLE | unix.MS_REC},
	{name: "rw", clear: unix.MOUNT_ATTR_RDONLY, superblockClear: unix.MS_RDONLY},
	{name: "shared", propagation: unix.MS_SHARED},
	{name: "silent", superblock: unix.MS_SILENT},
	{name: "slave", propagation: unix.MS_SLAVE},
	{name: "strictatime", set: unix.MOUNT_ATTR_STRICTATIME, clear: atime},
	{name: "suid", clear: unix.MOUNT_ATTR_NOSUID},
	{name: "symfollow", clear: unix.MOUNT_ATTR_NOSYMFOLLOW},
	{name: "sync", superblock: unix.MS_SYNCHRONOUS},
	{name: "tmpcopyup", mark: markTmpCopyUp},
	{name: "unbindable", propagation: unix.MS_UNBINDABLE},
}

// MountOptionNames returns the sorted names of the options that are not passed to the file
// system.
func MountOptionNames() []string {
	names := make([]string, 0, len(mountOptions))
	for i := range mountOptions {
		names = append(names, mountOptions[i].name)
	}
	return names
}

// ParseMountOptions parses options. If two contradict each other, the later one wins. An
// error wraps an *[Error] whose path is the index, such as [2].
func ParseMountOptions(options []string) (MountOptions, error) {
	var parsed MountOptions
	size := 0
	for i, rest := range options {
		for rest != "" {
			var option string
			option, rest = nextMountOption(rest)
			data, err := parsed.add(i, option)
			if err != nil {
				return MountOptions{}, err
			}
			if size += data; size > MaxMountData {
				return MountOptions{}, refuse(index("", i), "the file system's options take more than "+strconv.Itoa(MaxMountData)+" bytes", "at most that")
			}
		}
	}
	return parsed, nil
}

// nextMountOption splits the first option from a string that may hold several, separated by
// commas, as for mount(8). A comma in quotes or after a backslash is part of the value: of
// an SELinux context, or of a path for overlay.
func nextMountOption(text string) (option, rest string) {
	quoted := false
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			quoted = !quoted
		case '\\':
			i++
		case ',':
			if !quoted {
				return text[:i], text[i+1:]
			}
		}
	}
	return text, ""
}

// add parses one option. It returns how many bytes of options the file system gets for it.
func (o *MountOptions) add(at int, option string) (data int, err error) {
	if option == "" || isForMountTable(option) {
		return 0, nil
	}
	if known := findMountOption(option); known != nil {
		o.apply(known)
		return 0, nil
	}
	key, value, hasValue := strings.Cut(option, "=")
	known := findMountOption(key)
	switch {
	case key == "":
		return 0, refuse(index("", at), quote(option)+" has no name", "an option of mount(8) or key[=value] of the file system")
	case known != nil && (key == "idmap" || key == "ridmap"):
		o.apply(known)
		return 0, o.addMappings(index("", at), value)
	case known != nil:
		return 0, refuse(index("", at), quote(option)+" gives a value to an option that takes none", quote(key))
	}
	if strings.HasSuffix(key, "context") {
		// The quotes around an SELinux context are for mount(2); fsconfig(2) expects none.
		value = strings.Trim(value, `"`)
	}
	o.Data = append(o.Data, MountData{Key: key, Value: value, HasValue: hasValue})
	return len(option) + 1, nil
}

// isForMountTable reports whether an option is not for the kernel but for programs that
// read mount tables: when to mount something, or a note about it (mount(8), fstab(5)).
func isForMountTable(option string) bool {
	switch option {
	case "_netdev", "auto", "noauto", "nofail", "nouser":
		return true
	}
	return strings.HasPrefix(option, "x-") || strings.HasPrefix(option, "X-") || strings.HasPrefix(option, "comment=")
}

func findMountOption(name string) *mountOption {
	i, found := sort.Find(len(mountOptions), func(i int) int { return strings.Compare(name, mountOptions[i].name) })
	if !found {
		return nil
	}
	return &mountOptions[i]
}

func (o *MountOptions) apply(option *mountOption) {
	set, clear := &o.Set, &o.Clear
	if option.recursive {
		set, clear = &o.RecursiveSet, &o.RecursiveClear
	}
	*set = *set&^option.clear | option.set
	*clear = *clear&^option.set | option.clear
	o.Superblock = o.Superblock&^option.superblockClear | option.superblock
	o.SuperblockClear = o.SuperblockClear&^option.superblock | option.superblockClear
	if option.propagation != 0 {
		o.Propagation = append(o.Propagation, option.propagation)
	}
	if option.mark != unmarked {
		*o.marked(option.mark) = true
	}
}

// RootfsPropagation returns the MS_* flags for linux.rootfsPropagation, or zero if it is
// not set. The recursive spellings are not in the specification, but engines use them.
func RootfsPropagation(spec *specs.Spec) uint64 {
	if spec.Linux == nil || spec.Linux.RootfsPropagation == "" {
		return 0
	}
	if option := findMountOption(spec.Linux.RootfsPropagation); option != nil {
		return option.propagation
	}
	return 0
}
