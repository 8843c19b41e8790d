package rootfs

import (
	"path"

	"golang.org/x/sys/unix"
)

// Builder carries out operations on one root, in the plan's order. Its errors are
// *fs.PathError: the system call, its object, and the kernel's answer, which is an
// *Explanation where more is known.
type Builder struct {
	tree tree

	// joined: the container is running, and its /dev is in its own hands.
	joined bool
	// shared: mounts of the old root propagate to the host.
	shared bool
	// sharing: a mount beneath the root may be shared. If not, nothing mounted there
	// becomes shared.
	sharing bool
	// own maps the IDs of mounts that no other process has yet to their paths.
	own map[uint64]string

	parent  parent
	process process
	guards  []guard
	masks   masks
}

// New returns a Builder without a root. The first operation must be Root.
func New() *Builder { return newBuilder(none) }

// Join returns a Builder for the calling thread's own root, that of a running container
// that the thread has joined.
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

// none stands for no descriptor.
const none = -1

func closeDescriptor(descriptor *int) {
	if *descriptor != none {
		unix.Close(*descriptor)
		*descriptor = none
	}
}

// clean makes a path of the plan absolute in the container and resolves its dots lexically.
func clean(name string) string { return path.Clean("/" + name) }
