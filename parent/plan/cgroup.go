package plan

import (
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// IsCgroup says whether a mount's type stands for the cgroup2 tree. Engines write
// "cgroup", the name of the first version, for it as well.
func IsCgroup(filesystem string) bool { return filesystem == "cgroup" || filesystem == "cgroup2" }

// sharesCgroups says whether the container's cgroup namespace is the runtime's own.
// In any other one the child mounts the tree anew, and sees of it what that
// namespace is to see: in a pod's, the pod's part.
func (l *lowering) sharesCgroups() bool {
	return bundle.FindNamespace(l.spec, specs.CgroupNamespace) == nil || l.facts.JoinsOwnCgroups
}

// hostCgroups shows the host's mount of the tree itself: to mount the tree from the
// initial cgroup namespace may change that mount's options.
func (l *lowering) hostCgroups(place, filesystem, destination string, options *bundle.MountOptions, propagation uint32) error {
	if l.facts.CgroupMount == "" {
		return &bundle.Error{Path: place + ".type", Found: strconv.Quote(filesystem) + " is to show the host's cgroup2 tree, which is not mounted",
			Allowed: "it where a cgroup2 tree is mounted, or with a \"cgroup\" namespace of the container's own"}
	}
	l.bind(place, l.facts.CgroupMount, destination, options, propagation)
	return nil
}
