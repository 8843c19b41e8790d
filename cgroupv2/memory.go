package cgroupv2

import (
	"math"
	"os"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// computeMemory converts linux.resources.memory (config-linux.md, "Memory").
func computeMemory(b *builder, r *specs.LinuxResources) error {
	m := r.Memory
	if m == nil {
		return nil
	}
	if err := refuseMemoryV1(m); err != nil {
		return err
	}
	pages := roundedDown(int64(os.Getpagesize()))
	limit := value(m.Limit)
	if reservation := value(m.Reservation); reservation != 0 {
		low, err := bytesOrMax("memory.reservation", reservation)
		if err != nil {
			return err
		}
		b.add("memory.reservation", "memory.low", low, pages)
	}
	swap, err := swapOnly(value(m.Swap), limit)
	if err != nil {
		return err
	}
	if swap != "" {
		// A kernel that does not count swap has neither this file nor a limit to lift.
		path := "memory.swap"
		if value(m.Swap) == 0 {
			path = "memory.limit"
		}
		b.add(path, "memory.swap.max", swap, pages).optional = swap == "max"
	}
	if limit != 0 {
		max, err := bytesOrMax("memory.limit", limit)
		if err != nil {
			return err
		}
		b.add("memory.limit", "memory.max", max, pages)
		b.limits.checkUsage = value(m.CheckBeforeUpdate)
	}
	return nil
}

// swapOnly converts OCI's combined limit of memory and swap to the kernel's limit of swap
// alone. "" means no setting.
func swapOnly(total, limit int64) (string, error) {
	const path = resources + ".memory.swap"
	switch {
	case total == 0 && limit == -1, total == -1:
		return "max", nil
	case total == 0:
		return "", nil
	case total < 0:
		return "", refuse(path, total, "use -1 for no limit, or the bytes of memory and swap together (up to %d)", int64(math.MaxInt64))
	case limit <= 0:
		return "", refuse(path, total, "it counts memory and swap together, so %s.memory.limit must be set and limited", resources)
	case total < limit:
		return "", refuse(path, total, "it counts memory and swap together, so it must be at least %s.memory.limit (%d)", resources, limit)
	}
	return strconv.FormatInt(total-limit, 10), nil
}

// refuseMemoryV1 refuses fields for cgroup v1 that ask for something.
func refuseMemoryV1(m *specs.LinuxMemory) error {
	const counted = "kernel memory is counted in memory.limit: remove it or set it to -1"
	//lint:ignore SA1019 to refuse the field it has to be read
	kernel := value(m.Kernel)
	switch {
	case kernel > 0 || kernel < -1:
		return unsupported("memory.kernel", kernel, counted)
	case value(m.KernelTCP) > 0 || value(m.KernelTCP) < -1:
		return unsupported("memory.kernelTCP", *m.KernelTCP, counted)
	case value(m.Swappiness) != 0:
		return unsupported("memory.swappiness", *m.Swappiness, "remove it, and bound swap by memory.swap or vm.swappiness on the host")
	case value(m.DisableOOMKiller):
		return unsupported("memory.disableOOMKiller", true, "remove it, and use process.oomScoreAdj")
	case m.UseHierarchy != nil && !*m.UseHierarchy:
		return unsupported("memory.useHierarchy", false, "memory is always counted hierarchically: remove it or set it to true")
	}
	return nil
}

// value returns an optional field's value, or zero if it is not set.
func value[T any](field *T) T {
	if field == nil {
		var zero T
		return zero
	}
	return *field
}
