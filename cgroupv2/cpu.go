package cgroupv2

import (
	"math"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// The kernel's bounds on bandwidth control, in microseconds
// (Documentation/scheduler/sched-bwc.rst).
const (
	minQuota  = 1_000
	minPeriod = 1_000
	maxPeriod = 1_000_000
)

// computeCPU converts linux.resources.cpu (config-linux.md, "CPU"), except for its sets.
func computeCPU(b *builder, r *specs.LinuxResources) error {
	c := r.CPU
	if c == nil {
		return nil
	}
	const realtime = "remove it, and grant CAP_SYS_NICE to processes that set their own policy"
	switch {
	case value(c.RealtimeRuntime) != 0:
		return unsupported("cpu.realtimeRuntime", *c.RealtimeRuntime, realtime)
	case value(c.RealtimePeriod) != 0:
		return unsupported("cpu.realtimePeriod", *c.RealtimePeriod, realtime)
	}
	idle := value(c.Idle)
	if idle != 0 && idle != 1 {
		return refuse(resources+".cpu.idle", idle, "0 (normal) or 1 (SCHED_IDLE)")
	}
	if c.Idle != nil {
		// Before the weight: the kernel does not accept a weight for an idle group.
		b.add("cpu.idle", "cpu.idle", strconv.FormatInt(idle, 10), same)
	}
	if shares := value(c.Shares); shares != 0 && idle == 0 {
		b.add("cpu.shares", "cpu.weight", strconv.FormatUint(weightOfShares(shares), 10), same)
	}
	return computeBandwidth(b, c)
}

// computeBandwidth converts quota, period and burst. A period alone is written with "max";
// the caller of an update first merges it with the current quota.
func computeBandwidth(b *builder, c *specs.LinuxCPU) error {
	quota, period, burst := value(c.Quota), value(c.Period), value(c.Burst)
	switch {
	case quota > 0 && quota < minQuota:
		return refuse(resources+".cpu.quota", quota, "at least %d microseconds, or -1 for no limit", minQuota)
	case period != 0 && (period < minPeriod || period > maxPeriod):
		return refuse(resources+".cpu.period", period, "%d…%d microseconds", minPeriod, maxPeriod)
	case quota > 0 && burst > uint64(quota):
		return refuse(resources+".cpu.burst", burst, "at most %s.cpu.quota (%d)", resources, quota)
	}
	path, bandwidth := "cpu.quota", ""
	switch {
	case quota > 0:
		bandwidth = strconv.FormatInt(quota, 10)
	case quota < 0:
		bandwidth = "max"
	case period != 0:
		path, bandwidth = "cpu.period", "max"
	}
	if bandwidth != "" {
		if period != 0 {
			bandwidth += " " + strconv.FormatUint(period, 10)
		}
		// Without a period, the kernel keeps the current one.
		b.add(path, "cpu.max", bandwidth, func(asked, got string) bool {
			return got == asked || strings.HasPrefix(got, asked+" ")
		})
	}
	if c.Burst != nil {
		b.add("cpu.burst", "cpu.max.burst", strconv.FormatUint(burst, 10), same)
	}
	return nil
}

// weightOfShares maps cpu.shares (2…262144, default 1024) to cpu.weight (1…10000,
// default 100) by
//
//	weight = ceil(10^(L²/612 + 125·L/612 - 7/34)), L = log2(shares)
//
// the conversion that Kubernetes, runc 1.3.2 and crun 1.23 adopted in 2025. It joins the
// two minima, the two defaults and the two maxima. The linear conversion that was used
// before made the default share a weight of 39, less than half of every process outside.
// Values outside the range are clamped, as cgroup v1 clamps them.
func weightOfShares(shares uint64) uint64 {
	const (
		minShares = 2
		maxShares = 1 << 18
		// The three fixed points are integers: a floating-point error must not round them
		// up to the next one.
		tolerance = 1e-9
	)
	l := math.Log2(float64(min(max(shares, minShares), maxShares)))
	weight := math.Pow(10, l*l/612+125*l/612-7.0/34)
	return uint64(math.Ceil(weight - tolerance*weight))
}
