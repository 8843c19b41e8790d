package rootfs

import "golang.org/x/sys/unix"

const nullPath = "/dev/null"

var null = node{kind: unix.S_IFCHR, number: unix.Mkdev(1, 3)}

// openNull opens the container's /dev/null and makes sure that it is the null device.
// Otherwise whatever the image has put there would show, and be writable, in place of
// masked files.
func (b *Builder) openNull() (int, error) {
	descriptor, err := b.tree.open(nullPath, lookup{strict: true})
	if err != nil {
		return none, explain(err, "the container's null device is needed")
	}
	stat, err := fstat(descriptor)
	if err == nil && null.is(&stat) {
		return descriptor, nil
	}
	unix.Close(descriptor)
	if err != nil {
		return none, failed("fstat", nullPath, err)
	}
	return none, refused("fstat", nullPath, unix.EINVAL, "it is "+typeName(stat.Mode)+" and not the null device")
}

// Null opens the container's null device for writing. The descriptor is the caller's to
// close.
func (b *Builder) Null() (int, error) {
	if b.tree.root == none { // a plan without a root: the caller's own /dev/null
		root, err := openRoot()
		if err != nil {
			return none, err
		}
		b.tree.root = root
	}
	found, err := b.openNull()
	if err != nil {
		return none, err
	}
	defer unix.Close(found)
	opened, err := b.process.reopen(found, unix.O_WRONLY)
	if err != nil {
		return none, failed("openat", nullPath, err)
	}
	return opened, nil
}
