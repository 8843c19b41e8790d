package cgroupv2

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// resources is the prefix of the JSON path in every error and setting of this package.
const resources = "linux.resources"

// maxSettings bounds how many settings a config can have, because what is committed must
// fit into the frame that reports it (SPEC.md, field limits of Committed).
const maxSettings = 1024

// Setting is a value for an interface file. In the result of [Group.Commit] the value is
// the one in force.
type Setting struct {
	File  string // name of the interface file, such as "memory.max"
	Value string
	Path  string // the JSON path in config.json that asked for it
}

// Limits holds the settings that linux.resources asks for, in the order in which they are
// written. Only [Compute] makes one; the zero value asks for nothing.
type Limits struct {
	items []item
	// checkUsage: refuse a memory limit below the current usage.
	checkUsage bool
}

// item is a setting together with what Commit must know about its file.
type item struct {
	Setting
	// instead is written if File does not exist, where a kernel has one file or the other.
	instead *Setting
	// optional: if File does not exist, that means the same as Value.
	optional bool
	// stands reports whether the kernel, showing got, does what was asked. It is nil if the
	// format of the file is not known here.
	stands func(asked, got string) bool
}

// Settings returns the settings in the order in which they are written.
func (l Limits) Settings() []Setting {
	settings := make([]Setting, len(l.items))
	for i, item := range l.items {
		settings[i] = item.Setting
	}
	return settings
}

// Memory returns the lowest limit, in bytes, at which the kernel reclaims or refuses
// memory, if there is one.
func (l Limits) Memory() (lowest uint64, limited bool) {
	for _, item := range l.items {
		if item.File != "memory.max" && item.File != "memory.high" {
			continue
		}
		bytes, err := strconv.ParseUint(item.Value, 10, 64)
		if err == nil && (!limited || bytes < lowest) {
			lowest, limited = bytes, true
		}
	}
	return lowest, limited
}

// Controllers returns the controllers that the limits need, in order of first use.
func (l Limits) Controllers() []string {
	var controllers []string
	seen := ""
	for _, item := range l.items {
		name := item.controller()
		// The settings of a controller are adjacent, except for those from unified.
		if name == "cgroup" || name == seen || slices.Contains(controllers, name) {
			continue
		}
		seen = name
		controllers = append(controllers, name)
	}
	return controllers
}

// needing returns the first setting that needs the controller.
func (l Limits) needing(controller string) Setting {
	for _, item := range l.items {
		if item.controller() == controller {
			return item.Setting
		}
	}
	return Setting{}
}

// controller returns the part of the file's name before the first dot (cgroup-v2.rst,
// "Interface Files"). For files that every group has, it is "cgroup".
func (s Setting) controller() string {
	name, _, _ := strings.Cut(s.File, ".")
	return name
}

// Compute turns linux.resources into settings. It is pure, and every error is a
// [*ValueError]. Device rules are not looked at: they are the job of devfilter.
//
// Fields that describe cgroup v1 are converted as engines and runtimes agree, ignored
// when they ask for nothing, and refused when they ask for what cgroup v2 does not have:
//
//	field                    value         becomes
//	memory.limit             0             nothing: engines send it for "not set"
//	                         -1            memory.max max
//	memory.reservation       as limit      memory.low
//	memory.swap (total)      0             nothing
//	                         -1            memory.swap.max max
//	                         total         memory.swap.max total-limit; needs a limit, not below it
//	                         not set       memory.swap.max max if limit is -1, as cgroup v1 had no swap limit then
//	memory.kernel, kernelTCP 0, -1         nothing; else refused: v2 counts both in memory.max
//	memory.swappiness        0             nothing (engines send 0); else refused: no such file in v2
//	memory.disableOOMKiller  false         nothing; true is refused
//	memory.useHierarchy      true          nothing: v2 always does; false is refused
//	memory.checkBeforeUpdate true          Commit refuses a limit below the present usage
//	cpu.shares               0             nothing
//	                         2…262144      cpu.weight, see weightOfShares; values outside are clamped as v1 does
//	cpu.quota                0             nothing
//	                         negative      max
//	cpu.period               0             nothing
//	cpu.idle                 1             cpu.idle 1 and no cpu.weight: the kernel gives idle groups the least
//	cpu.realtime*            0             nothing; else refused: no such file in v2
//	cpu.cpus, cpu.mems       ""            nothing
//	pids.limit               0             pids.max 0: a valid limit (config-linux.md, "PIDs"), see bundle.WithoutZeroPids
//	                         -1            max
//	blockIO.weight           0             nothing
//	                         10…1000       io.bfq.weight, or io.weight scaled to 1…10000
//	blockIO.*leafWeight      0             nothing; else refused: CFQ is gone
//	blockIO.throttle*        rate 0        max, as in v1
//	hugepageLimits           any           hugetlb.SIZE.max, and hugetlb.SIZE.rsvd.max where the kernel has it
//	rdma.*                   2147483647…   max: the kernel does not count any higher
//	network.classID          0             nothing; else refused; priorities likewise
//	unified                  any           the file, last; it replaces what another field asked of the same file
func Compute(r *specs.LinuxResources) (Limits, error) {
	if r == nil {
		return Limits{}, nil
	}
	b := &builder{}
	// Settings that the kernel may refuse come before memory.max, because writing that can
	// cost the container a process.
	for _, part := range [...]func(*builder, *specs.LinuxResources) error{
		computeCPU, computeCpuset, computeBlockIO, computeHugetlb, computeRdma,
		computeNetwork, computePids, computeMemory, computeUnified,
	} {
		if err := part(b, r); err != nil {
			return Limits{}, err
		}
		if len(b.limits.items) > maxSettings {
			return Limits{}, refuse(b.limits.items[maxSettings].Path, fmt.Sprintf("one of %d settings", len(b.limits.items)), "at most %d of them together", maxSettings)
		}
	}
	return b.limits, nil
}

// builder collects settings.
type builder struct {
	limits Limits
}

// add appends a setting; stands may be nil.
func (b *builder) add(path, file, value string, stands func(asked, got string) bool) *item {
	b.limits.items = append(b.limits.items, item{
		Setting: Setting{File: file, Value: value, Path: resources + "." + path},
		stands:  stands,
	})
	return &b.limits.items[len(b.limits.items)-1]
}

// refuse returns the error for the value at the JSON path.
func refuse(path string, value any, format string, args ...any) error {
	return &ValueError{Path: path, Value: fmt.Sprint(value), Allowed: fmt.Sprintf(format, args...)}
}

// unsupported refuses a field that asks for what cgroup v2 does not have.
func unsupported(path string, value any, format string, args ...any) error {
	return refuse(resources+"."+path, value, "cgroup v2 has no such control; "+format, args...)
}

// bytesOrMax converts a size from OCI's notation to the kernel's: -1 becomes "max".
func bytesOrMax(path string, value int64) (string, error) {
	switch {
	case value == -1:
		return "max", nil
	case value < 0:
		return "", refuse(resources+"."+path, value, "use -1 for no limit, or 0…%d bytes", int64(math.MaxInt64))
	}
	return strconv.FormatInt(value, 10), nil
}

// same is the check for files that show exactly what was written.
func same(asked, got string) bool { return asked == got }

// roundedDown is the check for files that count in pages of a size: they show at most what
// was asked for, and less than a page below it. A value beyond the counter's range is shown
// as max.
func roundedDown(page int64) func(asked, got string) bool {
	return func(asked, got string) bool {
		if asked == got {
			return true
		}
		want, err := strconv.ParseInt(asked, 10, 64)
		if err != nil {
			return false
		}
		if got == "max" {
			return want >= math.MaxInt64/page*page
		}
		have, err := strconv.ParseInt(got, 10, 64)
		return err == nil && have <= want && want-have < page
	}
}
