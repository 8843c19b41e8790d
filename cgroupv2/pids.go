package cgroupv2

import (
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// maxPids is the largest number that pids.max accepts: PID_MAX_LIMIT of a 64-bit kernel.
const maxPids = 4 << 20

// computePids converts linux.resources.pids (config-linux.md, "PIDs"). Zero is a limit.
func computePids(b *builder, r *specs.LinuxResources) error {
	if r.Pids == nil || r.Pids.Limit == nil {
		return nil
	}
	limit, maximum := *r.Pids.Limit, "max"
	switch {
	case limit < -1 || limit > maxPids:
		return refuse(resources+".pids.limit", limit, "-1 for no limit, or 0…%d tasks", maxPids)
	case limit >= 0:
		maximum = strconv.FormatInt(limit, 10)
	}
	b.add("pids.limit", "pids.max", maximum, same)
	return nil
}
