package parent

import (
	"maps"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// completeResources adds to a change the current values without which a changed one would
// mean nothing to the kernel.
func completeResources(has, change *specs.LinuxResources) *specs.LinuxResources {
	completed := *change
	if memory := change.Memory; memory != nil && has.Memory != nil && isLimit(memory.Swap) && unset(memory.Limit) {
		// Swap is the sum of both; the kernel wants the difference.
		with := *memory
		with.Limit = has.Memory.Limit
		completed.Memory = &with
	}
	if cpu := change.CPU; cpu != nil && has.CPU != nil {
		with := *cpu
		if !unset(cpu.Period) && unset(cpu.Quota) {
			with.Quota = has.CPU.Quota // the kernel does not accept a period alone
		}
		if cpu.Idle != nil && *cpu.Idle == 0 && unset(cpu.Shares) {
			with.Shares = has.CPU.Shares // the kernel forgets the weight of an idle group
		}
		if cpu.Idle == nil && !unset(cpu.Shares) {
			with.Idle = has.CPU.Idle // an idle group accepts no weight: the shares take effect when it is no longer idle
		}
		if cpu.Burst == nil && isLimit(cpu.Quota) {
			with.Burst = has.CPU.Burst // the kernel accepts no quota below the burst, and no burst above the quota
		}
		if cpu.Burst != nil && unset(cpu.Quota) {
			with.Quota = has.CPU.Quota
		}
		completed.CPU = &with
	}
	return &completed
}

func unset[T int64 | uint64](value *T) bool { return value == nil || *value == 0 }
func isLimit(value *int64) bool             { return value != nil && *value > 0 }

// mergeResources returns a container's resources after a change.
func mergeResources(has, change *specs.LinuxResources) *specs.LinuxResources {
	merged := *has
	if len(change.Devices) > 0 {
		merged.Devices = change.Devices
	}
	merged.Memory = mergeObject(has.Memory, change.Memory, mergeMemory)
	merged.CPU = mergeObject(has.CPU, change.CPU, mergeCPU)
	merged.Pids = mergeObject(has.Pids, change.Pids, func(old, now *specs.LinuxPids) { replace(&old.Limit, now.Limit) })
	merged.BlockIO = mergeObject(has.BlockIO, change.BlockIO, mergeBlockIO)
	merged.HugepageLimits = mergeList(has.HugepageLimits, change.HugepageLimits, func(l *specs.LinuxHugepageLimit) string { return l.Pagesize })
	merged.Rdma = mergeMap(has.Rdma, change.Rdma)
	merged.Unified = mergeMap(has.Unified, change.Unified)
	if change.Network != nil {
		merged.Network = change.Network
	}
	return &merged
}

// mergeObject merges two objects, either of which may be absent, and modifies neither.
func mergeObject[T any](has, change *T, merge func(old, now *T)) *T {
	if change == nil {
		return has
	}
	var merged T
	if has != nil {
		merged = *has
	}
	merge(&merged, change)
	return &merged
}

// replace takes a new value if there is one.
func replace[T any](old **T, now *T) {
	if now != nil {
		*old = now
	}
}

func mergeMemory(old, now *specs.LinuxMemory) {
	switch {
	case !unset(now.Swap):
	case isLimit(now.Limit) && isLimit(old.Limit) && isLimit(old.Swap):
		// The limit of swap alone stays the same, so the total changes.
		total := *old.Swap - *old.Limit + *now.Limit
		old.Swap = &total
	case now.Limit != nil && *now.Limit == -1:
		old.Swap = now.Limit // without a limit of memory there is no total, so the limit of swap is removed too
	}
	for _, field := range []struct {
		old **int64
		now *int64
	}{{&old.Limit, now.Limit}, {&old.Reservation, now.Reservation}, {&old.Swap, now.Swap}} {
		if !unset(field.now) {
			*field.old = field.now
		}
	}
	replace(&old.CheckBeforeUpdate, now.CheckBeforeUpdate)
}

func mergeCPU(old, now *specs.LinuxCPU) {
	if !unset(now.Shares) {
		old.Shares = now.Shares
	}
	if !unset(now.Quota) {
		old.Quota = now.Quota
	}
	if !unset(now.Period) {
		old.Period = now.Period
	}
	replace(&old.Burst, now.Burst)
	replace(&old.Idle, now.Idle)
	if now.Cpus != "" {
		old.Cpus = now.Cpus
	}
	if now.Mems != "" {
		old.Mems = now.Mems
	}
}

func mergeBlockIO(old, now *specs.LinuxBlockIO) {
	if now.Weight != nil && *now.Weight != 0 {
		old.Weight = now.Weight
	}
	type number struct{ major, minor int64 }
	weighted := func(d *specs.LinuxWeightDevice) number { return number{d.Major, d.Minor} }
	throttled := func(d *specs.LinuxThrottleDevice) number { return number{d.Major, d.Minor} }
	old.WeightDevice = mergeList(old.WeightDevice, now.WeightDevice, weighted)
	old.ThrottleReadBpsDevice = mergeList(old.ThrottleReadBpsDevice, now.ThrottleReadBpsDevice, throttled)
	old.ThrottleWriteBpsDevice = mergeList(old.ThrottleWriteBpsDevice, now.ThrottleWriteBpsDevice, throttled)
	old.ThrottleReadIOPSDevice = mergeList(old.ThrottleReadIOPSDevice, now.ThrottleReadIOPSDevice, throttled)
	old.ThrottleWriteIOPSDevice = mergeList(old.ThrottleWriteIOPSDevice, now.ThrottleWriteIOPSDevice, throttled)
}

// mergeList replaces elements with the same key and appends the others.
func mergeList[T any, K comparable](has, change []T, key func(*T) K) []T {
	merged := slices.DeleteFunc(slices.Clone(has), func(old T) bool {
		return slices.ContainsFunc(change, func(now T) bool { return key(&old) == key(&now) })
	})
	return append(merged, change...)
}

func mergeMap[T any](has, change map[string]T) map[string]T {
	if len(change) == 0 {
		return has
	}
	merged := map[string]T{}
	maps.Copy(merged, has)
	maps.Copy(merged, change)
	return merged
}
