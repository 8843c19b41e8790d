package cgroupv2

import (
	"golang.org/x/sys/unix"
)

// OpenOwnProcs opens cgroup.procs of this process's group for writing. A process that has
// the descriptor can move itself there by writing 0, with the permissions of the process
// that opened it (cgroup-v2.rst, "Delegation Containment"). The caller must close it.
func (t *Tree) OpenOwnProcs() (int, error) {
	path, err := t.Own()
	if err != nil {
		return -1, err
	}
	own := t.root
	if path != "/" {
		group, err := t.Open(path)
		if err != nil {
			return -1, err
		}
		defer group.Close()
		own = group.dir
	}
	const procs = "cgroup.procs"
	fd, err := retry(func() (int, error) {
		return unix.Openat(own.fd, procs, unix.O_WRONLY|unix.O_NOFOLLOW|unix.O_CLOEXEC, 0)
	})
	if err != nil {
		return -1, own.fail("open", procs, err)
	}
	return fd, nil
}
