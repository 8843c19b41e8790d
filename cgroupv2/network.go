package cgroupv2

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// computeNetwork refuses linux.resources.network: cgroup v2 has neither net_cls nor
// net_prio.
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
