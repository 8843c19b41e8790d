package rootfs

import (
	"golang.org/x/sys/unix"
)

// propagationKinds is in the order of application: "slave" then "shared" makes a mount that
// both receives and passes on.
var propagationKinds = [...]uint32{unix.MS_PRIVATE, unix.MS_UNBINDABLE, unix.MS_SLAVE, unix.MS_SHARED}

// setPropagation applies MS_* propagation flags to a descriptor's mount, and with MS_REC to
// all mounts below it.
func setPropagation(mount int, object string, propagation uint32) error {
	return setPropagationAt(mount, "", object, propagation)
}

func setPropagationAt(directory int, name, object string, propagation uint32) error {
	flags := uint(unix.AT_EMPTY_PATH)
	if propagation&unix.MS_REC != 0 {
		flags |= unix.AT_RECURSIVE
	}
	left := propagation &^ unix.MS_REC
	for _, kind := range propagationKinds {
		if left&kind == 0 {
			continue
		}
		left &^= kind
		attributes := unix.MountAttr{Propagation: uint64(kind)}
		if err := unix.MountSetattr(directory, name, flags, &attributes); err != nil {
			return failed("mount_setattr", object, err)
		}
	}
	if left != 0 {
		return refused("mount_setattr", object, unix.EINVAL, "unknown propagation flags")
	}
	return nil
}

// propagate sets the propagation of a mount in the root.
func (b *Builder) propagate(mount int, path string, propagation uint32) error {
	b.sharing = b.sharing || propagation&unix.MS_SHARED != 0
	return setPropagation(mount, path, propagation)
}

// propagateDetached sets the propagation of a mount before it is attached, so that it is
// nobody's peer when it becomes visible. The kernel does not attach an unbindable mount to
// a shared one, so where one may be shared, the mount is private until it is attached.
func (b *Builder) propagateDetached(mount int, path string, propagation uint32) error {
	if b.sharing && propagation&unix.MS_UNBINDABLE != 0 {
		propagation = propagation&^unix.MS_UNBINDABLE | unix.MS_PRIVATE
	}
	return setPropagation(mount, path, propagation)
}

// propagateAttached sets the propagation of a mount again right after it was attached: the
// kernel makes shared whatever is attached to a shared mount. This is skipped where nothing
// can be shared, since there may be many mounts.
func (b *Builder) propagateAttached(mount int, path string, propagation uint32) error {
	const others = unix.MS_PRIVATE | unix.MS_UNBINDABLE | unix.MS_SLAVE
	if b.sharing && propagation&others != 0 {
		return setPropagation(mount, path, propagation)
	}
	b.sharing = b.sharing || propagation&unix.MS_SHARED != 0
	return nil
}
