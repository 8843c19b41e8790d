package rootfs

import (
	"fmt"
	"slices"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Mount mounts a new instance of a file system.
func (b *Builder) Mount(op *protocol.Mount) error {
	path := clean(op.Destination)
	how := lookup{make: unix.S_IFDIR, strict: isKernelView(op.Filesystem)}
	op, err := b.withMode(op, path)
	if err != nil {
		return err
	}
	destination, err := b.tree.open(path, how)
	if err != nil {
		return explainStrict(err, op.Filesystem)
	}
	defer unix.Close(destination)
	mount, err := newInstance(op)
	if err != nil {
		return err
	}
	defer unix.Close(mount)
	if op.CopyUp {
		if err := b.copyUp(destination, mount, op); err != nil {
			return err
		}
	}
	if err := b.propagateDetached(mount, path, op.Propagation); err != nil {
		return err
	}
	if err := b.attach(mount, destination, path, how); err != nil {
		return err
	}
	if err := b.propagateAttached(mount, path, op.Propagation); err != nil {
		return err
	}
	b.guard(path, op.Filesystem)
	return b.rememberOwn(mount, op)
}

// withMode gives a tmpfs without an option for its root's mode the mode of the directory
// that it covers: that is how the image says who may write there. If it covers nothing, it
// keeps the kernel's default, which lets everybody write.
func (b *Builder) withMode(op *protocol.Mount, path string) (*protocol.Mount, error) {
	says := func(option protocol.Pair) bool { return option.Name == "mode" }
	if op.Filesystem != "tmpfs" || op.CopyUp || slices.ContainsFunc(op.Options, says) {
		return op, nil
	}
	covered, err := b.tree.openIfThere(path)
	if err != nil || covered == none {
		return op, err
	}
	defer unix.Close(covered)
	stat, err := fstat(covered)
	if err != nil {
		return nil, failed("fstat", path, err)
	}
	with := *op
	with.Options = append(slices.Clip(op.Options), protocol.Pair{Name: "mode", Value: fmt.Sprintf("%o", stat.Mode&0o7777)})
	return &with, nil
}

// newInstance returns a detached mount of a new instance of a file system.
func newInstance(op *protocol.Mount) (int, error) {
	context, err := unix.Fsopen(op.Filesystem, unix.FSOPEN_CLOEXEC)
	if err != nil {
		return none, failed("fsopen", op.Filesystem, explainInstance(none, op.Filesystem, err))
	}
	defer unix.Close(context)
	if err := configure(context, op); err != nil {
		return none, err
	}
	_, err = uninterrupted(func() (int, error) { return 0, unix.FsconfigCreate(context) })
	if err != nil {
		return none, failed("fsconfig", op.Object(), explainInstance(context, op.Filesystem, err))
	}
	mount, err := unix.Fsmount(context, unix.FSMOUNT_CLOEXEC, int(op.Set))
	if err != nil {
		return none, failed("fsmount", op.Object(), explainInstance(context, op.Filesystem, err))
	}
	return mount, nil
}

// ownNamespace maps a file system to the namespace that it shows. To mount it, a user
// namespace must own that namespace.
var ownNamespace = map[string]string{
	"proc":    "pid",
	"sysfs":   "network",
	"mqueue":  "ipc",
	"cgroup":  "cgroup",
	"cgroup2": "cgroup",
}

// explainInstance adds what the kernel wrote to the file system context, if there is one,
// and known reasons for a refusal.
func explainInstance(context int, filesystem string, err error) error {
	errno, known := err.(unix.Errno)
	if !known {
		return err
	}
	explanation := &Explanation{Errno: errno}
	if context != none {
		explanation.Detail = messages(context)
	} else if errno == unix.ENODEV {
		explanation.Detail = "the kernel has no such file system"
	}
	if namespace := ownNamespace[filesystem]; namespace != "" && (errno == unix.EPERM || errno == unix.EBUSY) {
		explanation.Remedy = "in a user namespace " + filesystem + " needs a new " + namespace +
			" namespace beside it, and a host whose own " + filesystem + " is not covered in part; bind the host's instead"
	}
	if explanation.Detail == "" && explanation.Remedy == "" {
		return err
	}
	return explanation
}
