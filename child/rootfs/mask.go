package rootfs

import (
	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// masks holds what paths are covered with.
type masks struct {
	null  int // O_PATH descriptor of the container's /dev/null, once checked
	empty int // the last empty file system that was attached
}

func (m *masks) close() {
	closeDescriptor(&m.null)
	closeDescriptor(&m.empty)
}

// Mask covers a directory with an empty read-only file system, and anything else with
// /dev/null. A path that does not exist needs no mask.
func (b *Builder) Mask(op *protocol.Mask) error {
	path := clean(op.Path)
	destination, err := b.openCovered(path)
	if err != nil || destination == none {
		return err
	}
	defer unix.Close(destination)
	stat, err := fstat(destination)
	if err != nil {
		return failed("fstat", path, err)
	}
	if isType(stat.Mode, unix.S_IFDIR) {
		return b.maskDirectory(destination, path)
	}
	return b.maskFile(destination, path)
}

func (b *Builder) maskFile(destination int, path string) error {
	if b.masks.null == none {
		null, err := b.openNull()
		if err != nil {
			return err
		}
		b.masks.null = null
	}
	cover, err := cloneTree(b.masks.null, "", unix.AT_EMPTY_PATH)
	if err != nil {
		return failed("open_tree", nullPath, err)
	}
	defer unix.Close(cover)
	return b.attach(cover, destination, path, lookup{})
}

func (b *Builder) maskDirectory(destination int, path string) error {
	cover, err := b.emptyDirectory()
	if err != nil {
		return err
	}
	if err := b.attach(cover, destination, path, lookup{}); err != nil {
		unix.Close(cover)
		return err
	}
	// Only an attached mount can be copied before Linux 6.15.
	closeDescriptor(&b.masks.empty)
	b.masks.empty = cover
	return nil
}

// emptyDirectory returns a detached mount of the shared empty file system.
func (b *Builder) emptyDirectory() (int, error) {
	if b.masks.empty == none {
		return newInstance(&protocol.Mount{
			Filesystem: "tmpfs",
			Source:     "tmpfs",
			Options:    []protocol.Pair{{Name: "ro"}, {Name: "mode", Value: "0555"}, {Name: "nr_blocks", Value: "1"}},
			Set:        unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC,
		})
	}
	cover, err := cloneTree(b.masks.empty, "", unix.AT_EMPTY_PATH)
	if err != nil {
		return none, failed("open_tree", "tmpfs", err)
	}
	return cover, nil
}
