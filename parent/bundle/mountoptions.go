package bundle

import (
	"sort"
	"strconv"
	"strings"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// MaxMountData bounds the file system's own options of one mount, in bytes:
// mount(2) takes a page of them.
const MaxMountData = 4095

// MountOptions is the meaning of a mount's option strings.
type MountOptions struct {
	// Set and Clear are MOUNT_ATTR_* masks for mount_setattr(2) on the mount
	// itself. Where an access time is chosen, Clear holds all of
	// MOUNT_ATTR__ATIME, as that call demands.
	Set, Clear uint64
	// RecursiveSet and RecursiveClear are the same for AT_RECURSIVE.
	RecursiveSet, RecursiveClear uint64
	// Superblock and SuperblockClear are the MS_* flags of mount(2) that belong
	// to a file system and not to a mount: MS_RDONLY, MS_SYNCHRONOUS,
	// MS_DIRSYNC, MS_LAZYTIME, MS_MANDLOCK, MS_I_VERSION, MS_SILENT. They mean
	// nothing for bind mounts. A read-only option appears here and in Set.
	Superblock, SuperblockClear uint64
	// Propagation lists the changes of propagation type in their order, each
	// one of MS_SHARED, MS_SLAVE, MS_PRIVATE, MS_UNBINDABLE, with MS_REC where
	// it is recursive.
	Propagation []uint64
	// Bind and RecursiveBind ask for a bind mount, RecursiveBind of the whole tree.
	Bind, RecursiveBind bool
	// Remount changes an existing mount.
	Remount bool
	// TmpCopyUp copies the directory below a tmpfs into it.
	TmpCopyUp bool
	// IDMap and RecursiveIDMap ask for an idmapped mount.
	IDMap, RecursiveIDMap bool
	// UIDs and GIDs are mappings in the value of idmap or ridmap.
	UIDs, GIDs []RelativeMapping
	// Data is what is left for the file system, in order.
	Data []MountData
}

// MountData is an option of the file system itself: a key, or key=value.
type MountData struct {
	Key, Value string
	HasValue   bool
}

// IsBind reports whether the options make a mount a bind mount (config.md, Mounts).
func (o *MountOptions) IsBind() bool { return o.Bind || o.RecursiveBind }

// mountOption is one row of the table of options.
type mountOption struct {
	name string
	// set and clear are MOUNT_ATTR_* masks.
	set, clear uint64
	// superblock and superblockClear are MS_* masks.
	superblock, superblockClear uint64
	// propagation is an MS_* type.
	propagation uint64
	// recursive says that set and clear are for the whole tree.
	recursive bool
	// mark is an option that is neither.
	mark mark
}

// mark is an option that is either given or not. It is no function that records it: what
// such a one is called with is on the heap, and there may be a thousand mounts.
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

// mountOptions is the table of config.md, Linux mount options, by name. The masks follow
// mount_setattr(2). atime, nostrictatime and norelatime fall back on the
// kernel's default, relatime, as they do in mount(8).
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

// MountOptionNames lists the options that do not go to the file system, sorted.
func MountOptionNames() []string {
	names := make([]string, 0, len(mountOptions))
	for i := range mountOptions {
		names = append(names, mountOptions[i].name)
	}
	return names
}

// ParseMountOptions gives option strings their meaning. Where two contradict
// each other, the later one counts. An error wraps an *[Error] whose path is the
// index, for example [2].
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

// nextMountOption takes the first option off a text, in which more may follow after
// commas, as mount(8) has them. One in quotes or behind a backslash is part of the value:
// of an SELinux context, or of a path that overlay is given.
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

// add gives one option its meaning. It returns how many bytes the file system is given.
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
		// The quotes of SELinux's contexts are for mount(2); fsconfig(2) takes what is in them.
		value = strings.Trim(value, `"`)
	}
	o.Data = append(o.Data, MountData{Key: key, Value: value, HasValue: hasValue})
	return len(option) + 1, nil
}

// isForMountTable says whether an option is one of those that tell others than the
// kernel when to mount what, and what they think of it (mount(8), fstab(5)).
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

// RootfsPropagation returns the MS_* flags that linux.rootfsPropagation asks
// for, or zero when it is not set. The recursive spellings are not in the
// specification, but engines write them.
func RootfsPropagation(spec *specs.Spec) uint64 {
	if spec.Linux == nil || spec.Linux.RootfsPropagation == "" {
		return 0
	}
	if option := findMountOption(spec.Linux.RootfsPropagation); option != nil {
		return option.propagation
	}
	return 0
}
