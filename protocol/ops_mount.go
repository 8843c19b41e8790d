package protocol

import (
	"fmt"
	"math"
)

// Root opens the root file system.
type Root struct {
	Origin
	Source      string // on the host, absolute
	Propagation uint32 // MS_* propagation flags for the old tree, with MS_REC for all of it; 0: left alone
}

// Mount mounts a new file system instance.
type Mount struct {
	Origin
	Filesystem  string
	Source      string
	Destination string // beneath the root
	Options     []Pair // for the file system; an empty value is a flag
	Set         uint64 // MOUNT_ATTR_* of mount_setattr(2)
	Propagation uint32 // MS_* propagation flags, 0: inherited
	CopyUp      bool   // tmpcopyup: copy what is at the destination into the new tmpfs
}

// Bind binds a directory or file.
type Bind struct {
	Origin
	Source         string
	Destination    string // beneath the root
	Recursive      bool   // rbind
	Set            uint64 // MOUNT_ATTR_* on the mount itself
	Clear          uint64
	RecursiveSet   uint64 // the same for the whole tree
	RecursiveClear uint64
	Propagation    uint32 // MS_* propagation flags, 0: inherited
	ByParent       bool   // the parent opens the source: OpenRequest
}

// Remount changes a mount.
type Remount struct {
	Origin
	Destination    string // beneath the root, where something is mounted
	Options        []Pair // for the file system; an empty value is a flag
	Set            uint64 // MOUNT_ATTR_* on the mount itself
	Clear          uint64
	RecursiveSet   uint64 // the same for the whole tree
	RecursiveClear uint64
	Propagation    uint32 // MS_* propagation flags, 0: left alone
}

// Device makes a device node.
type Device struct {
	Origin
	Path         string // beneath the root
	Type         string // c, b or p as in mknod(1)
	Major, Minor uint32
	Mode         uint32 // permission bits
	UID, GID     uint32
	Bound        bool // bind the host's node at the same path
}

// Link makes a symbolic link.
type Link struct {
	Origin
	Target string
	Path   string // beneath the root
}

// Directory makes a directory.
type Directory struct {
	Origin
	Path string // beneath the root
}

// Pivot makes the root file system the root.
type Pivot struct {
	Origin
	// Move selects mount(MS_MOVE) and chroot(2), for hosts whose root is the initial ramfs,
	// where pivot_root(2) cannot work.
	Move bool
}

// RootAttributes sets the root mount's own attributes, after everything else.
type RootAttributes struct {
	Origin
	ReadOnly    bool
	Propagation uint32 // MS_* propagation flags, 0: left alone
}

// Mask covers a path.
type Mask struct {
	Origin
	Path string
}

// ReadOnly makes a path read-only.
type ReadOnly struct {
	Origin
	Path string
}

func (*Root) Kind() OpKind           { return OpRoot }
func (*Mount) Kind() OpKind          { return OpMount }
func (*Bind) Kind() OpKind           { return OpBind }
func (*Remount) Kind() OpKind        { return OpRemount }
func (*Device) Kind() OpKind         { return OpDevice }
func (*Link) Kind() OpKind           { return OpLink }
func (*Directory) Kind() OpKind      { return OpDirectory }
func (*Pivot) Kind() OpKind          { return OpPivot }
func (*RootAttributes) Kind() OpKind { return OpRootAttributes }
func (*Mask) Kind() OpKind           { return OpMask }
func (*ReadOnly) Kind() OpKind       { return OpReadOnly }

// Object is the root file system's path on the host.
func (o *Root) Object() string { return o.Source }

// Object is "type on destination".
func (o *Mount) Object() string { return o.Filesystem + " on " + o.Destination }

// Object is "source on destination".
func (o *Bind) Object() string { return o.Source + " on " + o.Destination }

// Object is the destination.
func (o *Remount) Object() string { return o.Destination }

// Object is the node's path and number.
func (o *Device) Object() string {
	return fmt.Sprintf("%s %s %d:%d", o.Path, o.Type, o.Major, o.Minor)
}

// Object is "path to target".
func (o *Link) Object() string { return o.Path + " to " + o.Target }

// Object is the path.
func (o *Directory) Object() string { return o.Path }

// Object is empty.
func (o *Pivot) Object() string { return "" }

// Object is the root.
func (o *RootAttributes) Object() string { return "/" }

// Object is the path.
func (o *Mask) Object() string { return o.Path }

// Object is the path.
func (o *ReadOnly) Object() string { return o.Path }

const maxOptions = 128

func (o *Root) fields() fields {
	return fields{
		o.at(),
		{"source", text(&o.Source, 1, MaxPath), "absolute path in the runtime namespace"},
		{"propagation", propagation(&o.Propagation), "MS_* propagation flags set on the whole old tree; 0: left alone"},
	}
}

func (o *Mount) fields() fields {
	return fields{
		o.at(),
		{"filesystem", text(&o.Filesystem, 1, MaxName), "file system type"},
		{"source", text(&o.Source, 0, MaxPath), "its source"},
		{"destination", text(&o.Destination, 1, MaxPath), "path beneath the root"},
		{"options", list(&o.Options, 0, maxOptions, pair), "file system options; an empty value is a flag"},
		{"set", attributes(&o.Set), "MOUNT_ATTR_* to set"},
		{"propagation", propagation(&o.Propagation), "MS_* propagation flags; 0: inherited"},
		{"copy_up", boolean(&o.CopyUp), "copy what stood at the destination into the new file system"},
	}
}

func (o *Bind) fields() fields {
	return fields{
		o.at(),
		{"source", text(&o.Source, 1, MaxPath), "absolute path in the runtime namespace"},
		{"destination", text(&o.Destination, 1, MaxPath), "path beneath the root"},
		{"recursive", boolean(&o.Recursive), "bind the mounts below too"},
		{"set", attributes(&o.Set), "MOUNT_ATTR_* to set on the mount"},
		{"clear", attributes(&o.Clear), "MOUNT_ATTR_* to clear on the mount"},
		{"recursive_set", attributes(&o.RecursiveSet), "MOUNT_ATTR_* to set on the whole tree"},
		{"recursive_clear", attributes(&o.RecursiveClear), "MOUNT_ATTR_* to clear on the whole tree"},
		{"propagation", propagation(&o.Propagation), "MS_* propagation flags; 0: inherited"},
		{"by_parent", boolean(&o.ByParent), "the descriptor comes by OpenRequest"},
	}
}

func (o *Remount) fields() fields {
	return fields{
		o.at(),
		{"destination", text(&o.Destination, 1, MaxPath), "path beneath the root where something is mounted"},
		{"options", list(&o.Options, 0, maxOptions, pair), "file system options to change; an empty value is a flag"},
		{"set", attributes(&o.Set), "MOUNT_ATTR_* to set on the mount"},
		{"clear", attributes(&o.Clear), "MOUNT_ATTR_* to clear on the mount"},
		{"recursive_set", attributes(&o.RecursiveSet), "MOUNT_ATTR_* to set on the whole tree"},
		{"recursive_clear", attributes(&o.RecursiveClear), "MOUNT_ATTR_* to clear on the whole tree"},
		{"propagation", propagation(&o.Propagation), "MS_* propagation flags; 0: left alone"},
	}
}

func (o *Device) fields() fields {
	return fields{
		o.at(),
		{"path", text(&o.Path, 1, MaxPath), "path beneath the root"},
		{"type", text(&o.Type, 1, 1), "c, b or p"},
		{"major", unsigned(&o.Major, 0, 1<<12-1), "major number"},
		{"minor", unsigned(&o.Minor, 0, 1<<20-1), "minor number"},
		{"mode", unsigned(&o.Mode, 0, 0o7777), "permission bits"},
		{"uid", unsigned(&o.UID, 0, math.MaxUint32-1), "owner"},
		{"gid", unsigned(&o.GID, 0, math.MaxUint32-1), "group"},
		{"bound", boolean(&o.Bound), "bind the runtime namespace's node of the same path instead of making one"},
	}
}

func (o *Link) fields() fields {
	return fields{
		o.at(),
		{"target", text(&o.Target, 1, MaxPath), "what it points to"},
		{"path", text(&o.Path, 1, MaxPath), "path beneath the root"},
	}
}

func (o *Directory) fields() fields {
	return fields{o.at(), {"path", text(&o.Path, 1, MaxPath), "path beneath the root"}}
}

func (o *Pivot) fields() fields {
	return fields{
		o.at(),
		{"move", boolean(&o.Move), "move the mount and change root instead of pivot_root(2)"},
	}
}

func (o *RootAttributes) fields() fields {
	return fields{
		o.at(),
		{"read_only", boolean(&o.ReadOnly), "make the root mount read-only"},
		{"propagation", propagation(&o.Propagation), "MS_* propagation flags; 0: left alone"},
	}
}

func (o *Mask) fields() fields {
	return fields{o.at(), {"path", text(&o.Path, 1, MaxPath), "path in the container"}}
}

func (o *ReadOnly) fields() fields {
	return fields{o.at(), {"path", text(&o.Path, 1, MaxPath), "path in the container"}}
}

func attributes(to *uint64) value  { return unsigned(to, 0, math.MaxUint32) }
func propagation(to *uint32) value { return unsigned(to, 0, math.MaxUint32) }
