package rootfs

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// kernelViews are the file systems by whose paths programs talk to the kernel.
// Their destination must be a real directory of the image, and they must still
// be there in the end: an image that leads /proc elsewhere, or a volume that
// covers it, would take security labels and kernel parameters for itself.
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

// guard is a path that must show a file system type before the root is entered.
type guard struct {
	path       string
	filesystem string
	view       int // O_PATH descriptor of what it showed then, none before
}

// guard remembers a mounted file system. What is mounted or bound on /proc must
// be procfs, whatever it is called.
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

// openCovered opens what is to be covered, so that nobody sees it or writes to it;
// none if it is not there. What lies on a kernel view is looked up on the one that
// was checked: an image that moves /proc away meanwhile would else have nothing there
// to cover, and yet show the kernel's files by another name.
func (b *Builder) openCovered(path string) (int, error) {
	for _, guard := range b.guards {
		if below, is := strings.CutPrefix(path, guard.path+"/"); is && guard.view != none {
			view := tree{root: guard.view, walks: b.tree.walks}
			return view.openIfThere(below)
		}
	}
	return b.tree.openIfThere(path)
}
