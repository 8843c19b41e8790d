package plan

import (
	"path/filepath"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
)

func (l *lowering) bind(place, source, destination string, options *bundle.MountOptions, propagation uint32) *protocol.Bind {
	op := &protocol.Bind{
		Origin: at(place), Source: source, Destination: destination,
		Recursive: options.RecursiveBind,
		Set:       options.Set, Clear: options.Clear,
		RecursiveSet: options.RecursiveSet, RecursiveClear: options.RecursiveClear,
		Propagation: l.bindPropagation(options, propagation),
		// The container's root user may lack the rights to the source. An unprivileged
		// parent has no more rights than that, and may not be allowed to open a tree at
		// all.
		ByParent: l.inUserNamespace() && !l.facts.Unprivileged,
	}
	l.add(op)
	return op
}

// mapOwners makes the parent apply an ID mapping to a bind's source. That takes privileges
// in the user namespace that the file system belongs to (mount_setattr(2), "ID-mapped
// mounts").
func (l *lowering) mapOwners(place string, bind *protocol.Bind, owners *bundle.OwnerMapping) error {
	switch {
	case owners == nil:
		return nil
	case l.facts.Unprivileged:
		return &bundle.Error{Path: place, Found: "asks for a mapping of owners, which the kernel lets nobody but root give to a file system of the host",
			Allowed: "it for a caller who is root"}
	}
	if l.sharesRoot() && bind.Propagation&unix.MS_SHARED != 0 {
		return &bundle.Error{Path: place + ".options", Found: "ask for a mapping of owners and for mounts that show on the host",
			Allowed: "one of the two: what the parent maps for a container only receives mounts"}
	}
	bind.ByParent = true
	l.plan.Owners[bind] = owners
	return nil
}

// source returns a bind mount's source on the host. A relative one starts at the bundle
// (config.md, Mounts).
func (l *lowering) source(source string) string {
	if filepath.IsAbs(source) {
		return filepath.Clean(source)
	}
	return filepath.Join(l.facts.Bundle, source)
}

// bindsDev reports whether /dev is the host's, which must be left as it is.
func (l *lowering) bindsDev() bool {
	for i := range l.spec.Mounts {
		mount := &l.spec.Mounts[i]
		if bundle.MountDestination(mount) != "/dev" {
			continue
		}
		if options, err := bundle.ParseMountOptions(mount.Options); err == nil && options.IsBind() {
			return true
		}
	}
	return false
}
