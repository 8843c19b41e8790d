package cgroupv2

import (
	"errors"
	"strings"

	"golang.org/x/sys/unix"
)

// delegateFallback is what the specification prescribes if the kernel does not list the
// files to delegate (config-linux.md, "Cgroup ownership").
const delegateFallback = "cgroup.procs\ncgroup.subtree_control\ncgroup.threads"

// Delegate gives the group to the user with the host's ID uid, as config-linux.md requires
// for a container with its own cgroup namespace and a writable cgroup mount. It changes the
// owner of the directory and of the files that the kernel says are safe to give away, and
// no others, so that the container cannot raise its own limits. It keeps their owning
// group.
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
		// A listed file need not exist in every group.
		if err != nil && !errors.Is(err, unix.ENOENT) {
			return g.dir.fail("chown", name, err)
		}
	}
	return nil
}
