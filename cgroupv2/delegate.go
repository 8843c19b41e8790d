package cgroupv2

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// delegateFallback is what the specification prescribes where the kernel does not list
// its files (config-linux.md, "Cgroup ownership").
const delegateFallback = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"

// Delegate gives the group to the user with the host's id uid, as config-linux.md
// demands for a container that has its own cgroup namespace and a writable cgroup
// mount: the directory and the files that the kernel says are safe to give, no others,
// so that the container cannot raise its own limits. The owning group stays.
func (g *Group) Delegate(uid int) error {
	list, err := readHost("/sys/kernel/cgroup/delegate")
	if errors.Is(err, unix.ENOENT) {
		list, err = delegateFallback, nil
	}
	if err != nil {
		return err
	}
	const keepGroup = -1
	if err := unix.Fchown(g.dir.fd, uid, keepGroup); err != nil {
		return g.dir.fail("chown", "", err)
	}
	for name := range strings.FieldsSeq(list) {
		err := unix.Fchownat(g.dir.fd, name, uid, keepGroup, unix.AT_SYMLINK_NOFOLLOW)
		// Not every listed file is in every group.
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return g.dir.fail("chown", name, err)
		}
	}
	return nil
}
