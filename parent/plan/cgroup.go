package plan

import (
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// IsCgroup reports whether a mount's type means the cgroup2 tree. Engines also use
// "cgroup", the name of the first version, for it.
func IsCgroup(filesystem string) bool { return filesystem == "cgroup" || filesystem == "cgroup2" }

// sharesCgroups reports whether the container's cgroup namespace is the runtime's own. In
// any other one the child mounts the tree itself and sees what that namespace shows of it,
// such as a pod's part.
func (l *lowering) sharesCgroups() bool {
	return bundle.FindNamespace(l.spec, specs.CgroupNamespace) == nil || l.facts.JoinsOwnCgroups
}

// hostCgroups binds the host's mount of the tree: mounting the tree in the initial cgroup
// namespace could change the options of the host's mount.
func (l *lowering) hostCgroups(place, filesystem, destination string, options *bundle.MountOptions, propagation uint32) error {
	if l.facts.CgroupMount == "" {
		return &bundle.Error{Path: place + ".type", Found: strconv.Quote(filesystem) + " is to show the host's cgroup2 tree, which is not mounted",
			Allowed: "it where a cgroup2 tree is mounted, or with a \"cgroup\" namespace of the container's own"}
	}
	l.bind(place, l.facts.CgroupMount, destination, options, propagation)
	return nil
}
