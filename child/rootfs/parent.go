package rootfs

import (
	"path"

	"golang.org/x/sys/unix"
)

// parent is the directory in which the last name was made. Devices and links in the same
// directory tend to follow each other, so it is kept open until a mount may cover it.
type parent struct {
	path       string
	descriptor int
}

func (p *parent) close() { closeDescriptor(&p.descriptor) }

// place returns a path's directory, making it if it is missing, and the path's last
// component. The descriptor remains the Builder's.
func (b *Builder) place(name string) (directory int, last string, err error) {
	above, last := path.Split(name)
	if last == "" {
		return none, "", refused("openat", name, unix.EISDIR, "the root itself cannot be made")
	}
	above = clean(above)
	if b.parent.descriptor != none && b.parent.path == above {
		return b.parent.descriptor, last, nil
	}
	b.parent.close()
	directory, err = b.tree.open(above, lookup{make: unix.S_IFDIR})
	if err != nil {
		return none, "", err
	}
	b.parent = parent{path: above, descriptor: directory}
	return directory, last, nil
}
