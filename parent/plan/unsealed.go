package plan

import (
	"slices"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// unsealed is a new file system that lives in memory. It contains only what is put there,
// including what the runtime itself makes: mount points, devices, links, copies, the
// working directory. If it is to be read-only, it becomes so last.
type unsealed struct {
	order       int             // of all of them
	origin      protocol.Origin // of the entry that asks for readOnly
	destination string
	readOnly    bool
}

// inMemory lists the file systems that are empty when they are new.
var inMemory = map[string]bool{"tmpfs": true, "ramfs": true}

// place is a directory in the container, with the file system mounted there if that is
// unsealed. There may be thousands of mounts, so a list to search for each of them would be
// too slow.
type place struct {
	file  *unsealed
	below map[string]*place
}

// walk returns the place of a path beneath p. If there is none, it makes one or returns
// nil, depending on missing.
func (p *place) walk(path string, missing bool) *place {
	for name := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		if name == "" {
			continue // for the root itself
		}
		next := p.below[name]
		if next == nil {
			if !missing {
				return nil
			}
			if p.below == nil {
				p.below = map[string]*place{}
			}
			next = &place{}
			p.below[name] = next
		}
		p = next
	}
	return p
}

// clear removes and returns the file systems mounted at p and beneath.
func (p *place) clear() []*unsealed {
	var files []*unsealed
	if p.file != nil {
		files = append(files, p.file)
	}
	for _, next := range p.below {
		files = append(files, next.clear()...)
	}
	*p = place{}
	return files
}

// leaveWritable leaves a new file system in memory writable until it is sealed.
func (l *lowering) leaveWritable(op *protocol.Mount) {
	if !inMemory[op.Filesystem] {
		return
	}
	l.unsealed.walk(op.Destination, true).file = &unsealed{
		len(l.plan.Ops), op.Origin, op.Destination, op.Set&unix.MOUNT_ATTR_RDONLY != 0,
	}
	op.Set &^= unix.MOUNT_ATTR_RDONLY
}

// remountWritable does the same for a remount, the last of which decides about read-only.
// It reports whether anything else remains to be changed.
func (l *lowering) remountWritable(op *protocol.Remount) bool {
	at := l.unsealed.walk(op.Destination, false)
	if at == nil || at.file == nil {
		return true
	}
	switch {
	case (op.Set|op.RecursiveSet&^op.Clear)&unix.MOUNT_ATTR_RDONLY != 0:
		at.file.origin, at.file.readOnly = op.Origin, true
		op.Set &^= unix.MOUNT_ATTR_RDONLY
		// The mounts below become read-only at once, the file system itself does not.
		op.Clear |= op.RecursiveSet & unix.MOUNT_ATTR_RDONLY
	case (op.Clear|op.RecursiveClear)&unix.MOUNT_ATTR_RDONLY != 0:
		at.file.readOnly = false
	}
	return op.Set|op.Clear|op.RecursiveSet|op.RecursiveClear != 0 || op.Propagation != 0 || len(op.Options) > 0
}

// seal makes read-only what was left writable at a path and beneath it. It must come before
// anything covers the path and makes it unreachable.
func (l *lowering) seal(path string) {
	at := l.unsealed.walk(path, false)
	if at == nil {
		return
	}
	files := at.clear()
	slices.SortFunc(files, func(a, b *unsealed) int { return a.order - b.order })
	for _, file := range files {
		if file.readOnly {
			l.add(&protocol.Remount{Origin: file.origin, Destination: file.destination, Set: unix.MOUNT_ATTR_RDONLY})
		}
	}
}
