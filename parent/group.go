package parent

import (
	"errors"
	"io/fs"
	"strings"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/state"
)

// openGroup opens a container's cgroup. It returns nil if the container has none, or no
// longer has one.
func openGroup(container *state.Container) (*cgroupv2.Group, error) {
	tree, group, err := openTree(container)
	if tree != nil {
		tree.Close()
	}
	return group, err
}

// openTree opens a container's cgroup and the tree around it, which is needed to change
// limits. Both are nil if the container has no cgroup; only the group is nil if it no
// longer has one.
func openTree(container *state.Container) (*cgroupv2.Tree, *cgroupv2.Group, error) {
	if container.Cgroup == "" {
		return nil, nil, nil
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		return nil, nil, err
	}
	group, err := tree.Open(cgroupPath(container))
	if errors.Is(err, fs.ErrNotExist) {
		return tree, nil, nil
	}
	return tree, group, err
}

// noGroup says why a container has no usable cgroup.
func noGroup(container *state.Container) string {
	if container.Cgroup == "" {
		return "it has no cgroup of its own"
	}
	return "its cgroup " + container.Cgroup + " is not there: somebody has moved its processes away and removed it, or it is not visible from here"
}

// cgroupPath returns the path of a container's cgroup beneath the tree.
func cgroupPath(container *state.Container) string {
	return strings.TrimPrefix(container.Cgroup, container.CgroupMount)
}

// frozen reports whether a container's cgroup is frozen.
func frozen(container *state.Container) bool {
	group, err := openGroup(container)
	if err != nil || group == nil {
		return false
	}
	defer group.Close()
	events, err := group.Events()
	return err == nil && events.Frozen
}
