package rootfs

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelViews lists the file systems through whose paths programs talk to the kernel. Their
// destination must be a real directory of the image, and they must still be there at the
// end. Otherwise an image that redirects /proc, or a volume that covers it, would receive
// security labels and kernel parameters itself.
var kernelViews = map[string]int64{
	"proc":  unix.PROC_SUPER_MAGIC,
	"sysfs": unix.SYSFS_MAGIC,
}

func isKernelView(filesystem string) bool { return kernelViews[filesystem] != 0 }

func explainStrict(err error, filesystem string) error {
	if isKernelView(filesystem) && (errors.Is(err, unix.ELOOP) || errors.Is(err, unix.ENOTDIR)) {
		return explain(err, filesystem+" is mounted on a real directory only, not through a symbolic link")
	}
	return err
}

// guard is a path that must show a file system of a type before the root is entered.
type guard struct {
	path       string
	filesystem string
	view       int // O_PATH descriptor of what it showed when mounted; none before
}

// guard remembers a mounted file system. Whatever is mounted or bound on /proc must be
// procfs, whatever the configuration calls it.
func (b *Builder) guard(path, filesystem string) {
	if path == "/proc" {
		filesystem = "proc"
	}
	if isKernelView(filesystem) {
		b.guards = append(b.guards, guard{path, filesystem, none})
	}
}

// checkGuards refuses a root whose /proc or /sys is not what it should be.
func (b *Builder) checkGuards() error {
	for i := range b.guards {
		if err := b.checkGuard(&b.guards[i]); err != nil {
			return err
		}
	}
	return nil
}

func (b *Builder) checkGuard(guard *guard) error {
	descriptor, err := b.tree.open(guard.path, lookup{strict: true})
	if err != nil {
		return explainStrict(err, guard.filesystem)
	}
	kind, err := fileSystemType(descriptor)
	switch {
	case err != nil:
		err = failed("fstatfs", guard.path, err)
	case kind != kernelViews[guard.filesystem]:
		err = refused("fstatfs", guard.path, unix.EINVAL, "it is covered by something that is not "+guard.filesystem)
	}
	if err != nil {
		unix.Close(descriptor)
		return err
	}
	closeDescriptor(&guard.view)
	guard.view = descriptor
	return nil
}

// openCovered opens what is to be covered, so that nobody can see it or write to it; none
// if it does not exist. What is beneath a kernel view is looked up in the one that was
// checked: otherwise an image that moves /proc away in the meantime would have nothing
// there to cover, and would still show the kernel's files under another name.
func (b *Builder) openCovered(path string) (int, error) {
	for _, guard := range b.guards {
		if below, is := strings.CutPrefix(path, guard.path+"/"); is && guard.view != none {
			view := tree{root: guard.view, walks: b.tree.walks}
			return view.openIfThere(below)
		}
	}
	return b.tree.openIfThere(path)
}
