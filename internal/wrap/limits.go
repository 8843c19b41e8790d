package wrap

import (
	"fmt"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// period is the period in which a share of processors is counted, in microseconds. It is
// the kernel's default (cgroup-v2.rst, cpu.max).
const period = 100_000

// minQuota is the smallest quota that the kernel accepts, in microseconds.
const minQuota = 1000

// maxCPUs bounds what can be asked for. The kernel supports no more (NR_CPUS).
const maxCPUs = 8192

// resources converts limits to config.json. On cgroup v2, swap has a file of its own;
// linux.resources.memory.swap would count it together with memory.
func (l *Limits) resources() (*specs.LinuxResources, error) {
	resources := &specs.LinuxResources{}
	if l.Pids != nil {
		resources.Pids = &specs.LinuxPids{Limit: l.Pids}
	}
	if l.Memory != nil {
		resources.Memory = &specs.LinuxMemory{Limit: l.Memory}
	}
	if l.MemorySwap != nil {
		resources.Unified = map[string]string{swapFile: strconv.FormatInt(*l.MemorySwap, 10)}
	}
	if l.CPUs != nil {
		quota := int64(*l.CPUs * period)
		if !(*l.CPUs <= maxCPUs) || quota < minQuota {
			return nil, fmt.Errorf("--cpus %v: allowed: %v to %d", *l.CPUs, float64(minQuota)/period, maxCPUs)
		}
		length := uint64(period)
		resources.CPU = &specs.LinuxCPU{Quota: &quota, Period: &length}
	}
	return resources, nil
}

const swapFile = "memory.swap.max"

// Flags maps JSON paths in the configuration to flags of the command, so that an error can
// name what the user has typed.
var Flags = [...]struct{ Path, Flag string }{
	{"linux.resources.pids.limit", "--pids-max"},
	{"linux.resources.memory.limit", "--memory-max"},
	{`linux.resources.unified["` + swapFile + `"]`, "--memory-swap-max"},
	{"linux.resources.cpu.quota", "--cpus"},
	{"linux.resources.cpu.period", "--cpus"},
}
