package rootfs

import (
	"path"

	"golang.org/x/sys/unix"
)

// Builder carries out operations on one root, in the plan's order. Its errors
// are *fs.PathError: the system call, its object and the kernel's answer, where
// more is known as an *Explanation.
type Builder struct {
	tree tree

	// joined: the container is running; what it has made of /dev is its own.
	joined bool
	// shared: mounts of the old root propagate to the host.
	shared bool
	// sharing: a mount beneath the root may be shared. If not, none put there becomes so.
	sharing bool
	// own holds the places of mounts that no other process has yet, by their ids.
	own map[uint64]string

	parent  parent
	process process
	guards  []guard
	masks   masks
}

// New returns a Builder without a root: Root comes first.
func New() *Builder { return newBuilder(none) }

// Join returns a Builder on the calling thread's own root: that of a running
// container that it has joined.
func Join() (*Builder, error) {
	root, err := openRoot()
	if err != nil {
		return nil, err
	}
	b := newBuilder(root)
	b.joined = true
	return b, nil
}

// openRoot opens the calling thread's root.
func openRoot() (int, error) {
	root, err := openat(unix.AT_FDCWD, "/", unix.O_PATH|unix.O_DIRECTORY)
	if err != nil {
		return none, failed("openat", "/", err)
	}
	return root, nil
}

func newBuilder(root int) *Builder {
	return &Builder{
		tree:   tree{root: root},
		own:    map[uint64]string{},
		parent: parent{descriptor: none},
		masks:  masks{null: none, empty: none},
	}
}

// Close closes every descriptor that the Builder holds.
func (b *Builder) Close() {
	b.parent.close()
	b.process.close()
	b.masks.close()
	for i := range b.guards {
		closeDescriptor(&b.guards[i].view)
	}
	closeDescriptor(&b.tree.root)
}

// none is no descriptor.
const none = -1

func closeDescriptor(descriptor *int) {
	if *descriptor != none {
		unix.Close(*descriptor)
		*descriptor = none
	}
}

// clean makes a path of the plan absolute in the container and resolves its dots
// by name.
func clean(name string) string { return path.Clean("/" + name) }
