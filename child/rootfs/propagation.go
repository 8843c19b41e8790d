package rootfs

import (
	"golang.org/x/sys/unix"
)

// propagationKinds in the order in which they are applied: "slave" and "shared"
// together make a mount that receives and passes on.
var propagationKinds = [...]uint32{unix.MS_PRIVATE, unix.MS_UNBINDABLE, unix.MS_SLAVE, unix.MS_SHARED}

// setPropagation applies MS_* propagation flags to the mount of a descriptor, with
// MS_REC to all mounts below.
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

// propagate sets the propagation of a mount of the root.
func (b *Builder) propagate(mount int, path string, propagation uint32) error {
	b.sharing = b.sharing || propagation&unix.MS_SHARED != 0
	return setPropagation(mount, path, propagation)
}

// propagateDetached gives a mount that is not attached yet its propagation, so that it
// is nobody's peer when it shows. The kernel puts no unbindable mount on a shared one:
// where there may be one, it is private until it is attached.
func (b *Builder) propagateDetached(mount int, path string, propagation uint32) error {
	if b.sharing && propagation&unix.MS_UNBINDABLE != 0 {
		propagation = propagation&^unix.MS_UNBINDABLE | unix.MS_PRIVATE
	}
	return setPropagation(mount, path, propagation)
}

// propagateAttached gives a mount that has just been attached its propagation again:
// the kernel makes shared what is put on a shared mount, whatever it was before. Where
// none can be shared there is no need to, and there may be many mounts.
func (b *Builder) propagateAttached(mount int, path string, propagation uint32) error {
	const others = unix.MS_PRIVATE | unix.MS_UNBINDABLE | unix.MS_SLAVE
	if b.sharing && propagation&others != 0 {
		return setPropagation(mount, path, propagation)
	}
	b.sharing = b.sharing || propagation&unix.MS_SHARED != 0
	return nil
}
