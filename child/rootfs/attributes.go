package rootfs

import (
	"golang.org/x/sys/unix"
)

// setAttributes sets and clears MOUNT_ATTR_* on a descriptor's mount, and on all mounts
// below it if flags has AT_RECURSIVE (mount_setattr(2)).
func setAttributes(mount int, object string, flags uint, set, clear uint64) error {
	if set|clear == 0 {
		return nil
	}
	if set&unix.MOUNT_ATTR__ATIME != 0 {
		// The access time modes form one field, which the kernel wants cleared first.
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
