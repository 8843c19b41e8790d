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

// infinity is the manager's word for no limit, in every property of type t.
const infinity = math.MaxUint64

// limit is a row of the table of limits for which a unit has a property.
type limit struct {
	file string // of cgroup v2
	// since is the version of systemd that has it, 0 for one that is older than
	// Linux 5.14.
	since int
	// unset is what means no limit.
	unset string
	// properties converts what is written to the file.
	properties func(value string) ([]Property, error)
}

// limits are the files that systemd writes too (systemd.resource-control(5)). Of the
// others it knows nothing, and leaves them alone: cpu.max.burst, memory.oom.group,
// hugetlb, rdma, misc. Limits for a device (io.max, weights of single disks) it adds
// to, but takes none away that it was not told of.
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

// dependsOnVersion says whether a manager's version has to be asked for.
func dependsOnVersion(settings []cgroupv2.Setting) bool {
	for _, row := range limits {
		if row.since > 0 && slices.ContainsFunc(settings, func(s cgroupv2.Setting) bool { return s.File == row.file }) {
			return true
		}
	}
	return false
}

// Tell sets the properties by which the manager writes the same as the settings, which
// are those that stand ([cgroupv2.Group.Update]), or for a new group those that are about
// to ([cgroupv2.Group.Resolve]): what was asked for may leave open which file it is
// written to, and which period a quota is of.
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

// Properties are what a manager of the version has to be told of settings, so that it
// writes the same.
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

// Before are the settings that stood where the given ones are about to, by what is
// known to stand: what the manager is told again when they are taken back.
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
			// The manager has one property for both: not to be idle is to have a weight.
			if value, stood := standing[weight]; row.file == idle && stood && !wasIdle {
				before = append(before, cgroupv2.Setting{File: weight, Value: value, Path: setting.Path})
			}
		}
	}
	return before
}

// number converts one number, or max, which as a weight is the manager's default. systemd takes nothing below least: a limit of 0
// becomes the lowest there is.
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

// idle converts cpu.idle: the weight 0 is the manager's word for it. Another weight
// comes after it.
func idle(value string) ([]Property, error) {
	weight := uint64(infinity)
	if value == "1" {
		weight = 0
	}
	return []Property{property("CPUWeight", weight)}, nil
}

// defaultWeight converts io.weight, of which only the default is a number.
func defaultWeight(value string) ([]Property, error) {
	weight, is := strings.CutPrefix(value, "default ")
	if !is && strings.Contains(value, " ") {
		return nil, nil // of one device
	}
	return number("IOWeight", 1)(weight)
}

// bfqWeight converts io.bfq.weight, 1…1000 with the default of 100, to the manager's
// scale, 1…10000 with the same default, from which it converts back.
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

// percent is the step in which the manager keeps a quota: across daemon-reload it
// remembers CPUQuota= in whole percent of a second.
const percent = 10_000

// bandwidth converts cpu.max, QUOTA and PERIOD in microseconds. The manager counts the
// quota of a second; it is rounded up to what it can remember. A value without a period
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

// maxMaskBits bounds the sets of processors and memory nodes: the kernel's NR_CPUS.
const maxMaskBits = 8192

// mask converts a list such as 0-3,7 to bits, the lowest first.
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

// isLimit says whether a property is one that limits are set by.
func isLimit(name string) bool {
	switch name {
	case "CPUWeight", "CPUQuotaPerSecUSec", "CPUQuotaPeriodUSec", "AllowedCPUs", "AllowedMemoryNodes", "IOWeight",
		"MemoryMin", "MemoryLow", "MemoryHigh", "MemoryMax", "MemorySwapMax", "MemoryZSwapMax", "TasksMax":
		return true
	}
	return false
}
