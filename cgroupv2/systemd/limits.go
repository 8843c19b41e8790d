package systemd

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/cgroupv2"
)

// infinity means no limit in every property of D-Bus type t.
const infinity = math.MaxUint64

// limit is a row in the table of limits that have a unit property.
type limit struct {
	file string // in cgroup v2
	// since is the first version of systemd with the property, 0 if that is older than
	// Linux 5.14.
	since int
	// unset is the value that means no limit.
	unset string
	// properties converts the value that is written to the file.
	properties func(value string) ([]Property, error)
}

// limits lists the files that systemd writes too (systemd.resource-control(5)). It does not
// know about others and leaves them alone: cpu.max.burst, memory.oom.group, hugetlb, rdma,
// misc. Of limits for single devices (io.max and weights), it sets those that it was told
// about and never removes others.
var limits = [...]limit{
	{"cpu.idle", 252, "0", idle},
	{"cpu.weight", 0, "max", number("CPUWeight", 1)},
	{"cpu.max", 0, "max", bandwidth},
	{"cpuset.cpus", 0, "", mask("AllowedCPUs")},
	{"cpuset.mems", 0, "", mask("AllowedMemoryNodes")},
	{"io.weight", 0, "max", defaultWeight},
	{"io.bfq.weight", 0, "max", bfqWeight},
	{"memory.min", 0, "0", number("MemoryMin", 0)},
	{"memory.low", 0, "0", number("MemoryLow", 0)},
	{"memory.high", 0, "max", number("MemoryHigh", 1)},
	{"memory.max", 0, "max", number("MemoryMax", 1)},
	{"memory.swap.max", 0, "max", number("MemorySwapMax", 0)},
	{"memory.zswap.max", 253, "max", number("MemoryZSwapMax", 0)},
	{"pids.max", 0, "max", number("TasksMax", 1)},
}

// dependsOnVersion reports whether the manager's version must be known.
func dependsOnVersion(settings []cgroupv2.Setting) bool {
	for _, row := range limits {
		if row.since > 0 && slices.ContainsFunc(settings, func(s cgroupv2.Setting) bool { return s.File == row.file }) {
			return true
		}
	}
	return false
}

// Tell sets the unit properties that make the manager write the same values as the
// settings. The settings must be those in force ([cgroupv2.Group.Update]) or, for a new
// group, those about to be ([cgroupv2.Group.Resolve]): the config itself may leave open
// which file is written, and what period a quota refers to.
func (m *Manager) Tell(ctx context.Context, unit string, settings []cgroupv2.Setting) error {
	version := 0
	if dependsOnVersion(settings) {
		var err error
		if version, err = m.Version(ctx); err != nil {
			return err
		}
	}
	properties, err := Properties(settings, version)
	if err != nil {
		return err
	}
	return m.Set(ctx, unit, properties)
}

// Properties returns what a manager of the version must be told so that it writes the same
// values as the settings.
func Properties(settings []cgroupv2.Setting, version int) ([]Property, error) {
	var all []Property
	for _, setting := range settings {
		for _, row := range limits {
			if row.file != setting.File || row.since > version {
				continue
			}
			properties, err := row.properties(setting.Value)
			if err != nil {
				return nil, fmt.Errorf("%s: %s %q has no counterpart in systemd: %w", setting.Path, setting.File, setting.Value, err)
			}
			all = override(all, properties)
		}
	}
	return all, nil
}

// Before returns the settings that were in force before the given ones, based on what is
// known to be standing. The manager is told those if the new ones are reverted.
func Before(settings []cgroupv2.Setting, standing map[string]string) []cgroupv2.Setting {
	const idle, weight = "cpu.idle", "cpu.weight"
	var before []cgroupv2.Setting
	wasIdle := standing[idle] == "1"
	for _, setting := range settings {
		for _, row := range limits {
			if row.file != setting.File || row.file == weight && wasIdle {
				continue // an idle group has no weight
			}
			value, stood := standing[row.file]
			if !stood {
				value = row.unset
			}
			before = append(before, cgroupv2.Setting{File: row.file, Value: value, Path: setting.Path})
			// The manager has one property for both: a group that is not idle has a weight.
			if value, stood := standing[weight]; row.file == idle && stood && !wasIdle {
				before = append(before, cgroupv2.Setting{File: weight, Value: value, Path: setting.Path})
			}
		}
	}
	return before
}

// number converts a number or max. For a weight, max is the manager's default. systemd
// accepts nothing below least, so a limit of 0 becomes least.
func number(name string, least uint64) func(string) ([]Property, error) {
	return func(value string) ([]Property, error) {
		limit, err := quantity(value)
		if err != nil {
			return nil, err
		}
		return []Property{property(name, max(limit, least))}, nil
	}
}

func quantity(value string) (uint64, error) {
	if value == "max" {
		return infinity, nil
	}
	return strconv.ParseUint(value, 10, 64)
}

// idle converts cpu.idle, which the manager expresses as the weight 0. Any other weight
// comes after it.
func idle(value string) ([]Property, error) {
	weight := uint64(infinity)
	if value == "1" {
		weight = 0
	}
	return []Property{property("CPUWeight", weight)}, nil
}

// defaultWeight converts io.weight. Only its default is a plain number.
func defaultWeight(value string) ([]Property, error) {
	weight, is := strings.CutPrefix(value, "default ")
	if !is && strings.Contains(value, " ") {
		return nil, nil // for a single device
	}
	return number("IOWeight", 1)(weight)
}

// bfqWeight converts io.bfq.weight, 1…1000, to the manager's scale, 1…10000. Both have the
// default 100, and the manager converts back.
func bfqWeight(value string) ([]Property, error) {
	const middle = 100
	const scale = (10_000 - middle) / (1000 - middle)
	properties, err := defaultWeight(value)
	if err != nil || len(properties) == 0 {
		return nil, err
	}
	weight := properties[0].Value.Value().(uint64)
	if weight > middle && weight != infinity {
		weight = middle + (weight-middle)*scale
	}
	return []Property{property("IOWeight", weight)}, nil
}

// percent is the granularity of a quota: across daemon-reload, the manager remembers
// CPUQuota= in whole percents of a second.
const percent = 10_000

// bandwidth converts cpu.max, QUOTA and PERIOD in microseconds. The manager expresses the
// quota per second; it is rounded up to the manager's granularity. A value without a period
// is for a new group.
func bandwidth(value string) ([]Property, error) {
	const second = 1_000_000
	text, periodText, hasPeriod := strings.Cut(value, " ")
	period := uint64(100_000) // the kernel's default
	if hasPeriod {
		var err error
		if period, err = strconv.ParseUint(periodText, 10, 32); err != nil || period == 0 {
			return nil, fmt.Errorf("the period %q is no number of microseconds", periodText)
		}
	}
	quota, err := quantity(text)
	if err != nil {
		return nil, err
	}
	perSecond := uint64(infinity)
	if quota != infinity {
		if quota > math.MaxUint64/second/2 {
			return nil, fmt.Errorf("the quota %d is beyond what it counts", quota)
		}
		perSecond = (quota*second/period + percent - 1) / percent * percent
	}
	all := []Property{property("CPUQuotaPerSecUSec", max(perSecond, percent))}
	if hasPeriod {
		all = append(all, property("CPUQuotaPeriodUSec", period))
	}
	return all, nil
}

// maxMaskBits bounds sets of processors and memory nodes. It is the kernel's NR_CPUS.
const maxMaskBits = 8192

// mask converts a list such as 0-3,7 to bits, lowest first.
func mask(name string) func(string) ([]Property, error) {
	return func(value string) ([]Property, error) {
		var bits []byte
		for part := range strings.SplitSeq(strings.TrimSpace(value), ",") {
			if part == "" {
				continue
			}
			first, last, isRange := strings.Cut(part, "-")
			if !isRange {
				last = first
			}
			from, err := strconv.ParseUint(first, 10, 32)
			if err != nil {
				return nil, err
			}
			to, err := strconv.ParseUint(last, 10, 32)
			if err != nil {
				return nil, err
			}
			if from > to || to >= maxMaskBits {
				return nil, fmt.Errorf("%q is no range below %d", part, maxMaskBits)
			}
			for ; from <= to; from++ {
				for int(from/8) >= len(bits) {
					bits = append(bits, 0)
				}
				bits[from/8] |= 1 << (from % 8)
			}
		}
		return []Property{property(name, bits)}, nil
	}
}

// isLimit reports whether a property sets a limit.
func isLimit(name string) bool {
	switch name {
	case "CPUWeight", "CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec", "AllowedCPUs", "AllowedMemoryNodes", "IOWeight",
		"MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax", "MemoryZSwapMax", "TasksMax":
		return true
	}
	return false
}
