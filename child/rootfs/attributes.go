package rootfs

import (
	"golang.org/x/sys/unix"
)

// setAttributes sets and clears MOUNT_ATTR_* on the mount of a descriptor, and on
// all below it if flags has AT_RECURSIVE (mount_setattr(2)).
func setAttributes(mount int, object string, flags uint, set, clear uint64) error {
	if set|clear == 0 {
		return nil
	}
	if set&unix.MOUNT_ATTR__ATIME != 0 {
		// The access time modes are one field: the kernel wants it cleared first.
		clear |= unix.MOUNT_ATTR__ATIME
	}
	attributes := unix.MountAttr{Attr_set: set, Attr_clr: clear}
	if err := unix.MountSetattr(mount, "", flags|unix.AT_EMPTY_PATH, &attributes); err != nil {
		return failed("mount_setattr", object, explainAttributes(err))
	}
	return nil
}

func explainAttributes(err error) error {
	if err == unix.EPERM {
		return &Explanation{Errno: unix.EPERM,
			Detail: "a mount that comes from another user namespace keeps the attributes that protect it"}
	}
	return err
}

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
