package cgroupv2

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// computeNetwork refuses what linux.resources.network asks for: net_cls and net_prio
// were not carried over to cgroup v2.
func computeNetwork(_ *builder, r *specs.LinuxResources) error {
	n := r.Network
	const remedy = "remove it, and match the cgroup in the firewall (xt_cgroup, nft socket cgroupv2) instead"
	switch {
	case n == nil:
		return nil
	case value(n.ClassID) != 0:
		return unsupported("network.classID", *n.ClassID, remedy)
	case len(n.Priorities) != 0:
		return unsupported("network.priorities", n.Priorities[0].Name, remedy)
	}
	return nil
}
