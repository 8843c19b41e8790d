package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/cgroupv2"
)

// statsJSON is the data of a stats event. The names predate cgroup v2, but engines and
// their users read them.
type statsJSON struct {
	CPU     cpuJSON                `json:"cpu"`
	Memory  memoryJSON             `json:"memory"`
	Pids    pidsJSON               `json:"pids"`
	BlockIO blockIOJSON            `json:"blkio"`
	Hugetlb map[string]hugetlbJSON `json:"hugetlb"`
}

type cpuJSON struct {
	Usage struct {
		Total  uint64 `json:"total"`
		Kernel uint64 `json:"kernel"`
		User   uint64 `json:"user"`
	} `json:"usage"`
	Throttling struct {
		Periods   uint64 `json:"periods"`
		Throttled uint64 `json:"throttledPeriods"`
		Time      uint64 `json:"throttledTime"`
	} `json:"throttling"`
	PSI *psiJSON `json:"psi,omitempty"`
}

type memoryJSON struct {
	Cache uint64            `json:"cache"`
	Usage memoryUsageJSON   `json:"usage"`
	Swap  memoryUsageJSON   `json:"swap"`
	Raw   map[string]uint64 `json:"raw,omitempty"`
	PSI   *psiJSON          `json:"psi,omitempty"`
}

type memoryUsageJSON struct {
	Limit  uint64 `json:"limit"`
	Usage  uint64 `json:"usage"`
	Max    uint64 `json:"max"`
	Failed uint64 `json:"failcnt"`
}

type pidsJSON struct {
	Current uint64 `json:"current"`
	Limit   uint64 `json:"limit"` // 0: none
}

type blockIOJSON struct {
	Bytes []blockIOEntry `json:"ioServiceBytesRecursive"`
	Count []blockIOEntry `json:"ioServicedRecursive"`
	PSI   *psiJSON       `json:"psi,omitempty"`
}

type blockIOEntry struct {
	Major uint64 `json:"major"`
	Minor uint64 `json:"minor"`
	Op    string `json:"op"`
	Value uint64 `json:"value"`
}

type hugetlbJSON struct {
	Usage  uint64 `json:"usage"`
	Failed uint64 `json:"failcnt"`
}

// psiJSON is PSI with the names that engines read.
type psiJSON struct {
	Some pressureJSON `json:"some"`
	Full pressureJSON `json:"full"`
}

type pressureJSON struct {
	Avg10  float64 `json:"avg10"`
	Avg60  float64 `json:"avg60"`
	Avg300 float64 `json:"avg300"`
	Total  uint64  `json:"total"`
}

func statsOf(stats *cgroupv2.Stats) *statsJSON {
	data := &statsJSON{Hugetlb: map[string]hugetlbJSON{}}
	if cpu := stats.CPU; cpu != nil {
		const nanoseconds = 1000 // per microsecond
		data.CPU.Usage.Total, data.CPU.Usage.Kernel, data.CPU.Usage.User = cpu.Usage*nanoseconds, cpu.System*nanoseconds, cpu.User*nanoseconds
		data.CPU.Throttling.Periods, data.CPU.Throttling.Throttled = cpu.Periods, cpu.Throttled
		data.CPU.Throttling.Time = cpu.Waited * nanoseconds
	}
	if memory := stats.Memory; memory != nil {
		data.Memory = memoryOfStats(memory)
	}
	if pids := stats.Pids; pids != nil {
		data.Pids.Current = pids.Current
		if pids.Limit != cgroupv2.Unlimited {
			data.Pids.Limit = pids.Limit
		}
	}
	data.BlockIO = blockIOOfStats(stats.IO)
	for size, pages := range stats.Hugetlb {
		data.Hugetlb[size] = hugetlbJSON{Usage: pages.Current, Failed: pages.Refused}
	}
	data.CPU.PSI, data.Memory.PSI, data.BlockIO.PSI = pressureOf(stats, "cpu"), pressureOf(stats, "memory"), pressureOf(stats, "io")
	return data
}

func memoryOfStats(memory *cgroupv2.MemoryStats) memoryJSON {
	together := func(limit, swap uint64) uint64 {
		if limit == cgroupv2.Unlimited || swap == cgroupv2.Unlimited {
			return cgroupv2.Unlimited
		}
		return limit + swap
	}
	return memoryJSON{
		Cache: memory.Stat["file"], Raw: memory.Stat,
		Usage: memoryUsageJSON{Limit: memory.Limit, Usage: memory.Current, Max: memory.Peak, Failed: memory.Events.Max},
		Swap:  memoryUsageJSON{Limit: together(memory.Limit, memory.SwapLimit), Usage: memory.Current + memory.SwapCurrent},
	}
}

func blockIOOfStats(devices map[string]cgroupv2.IOStats) blockIOJSON {
	block := blockIOJSON{Bytes: []blockIOEntry{}, Count: []blockIOEntry{}}
	for _, device := range slices.Sorted(maps.Keys(devices)) {
		major, minor, _ := strings.Cut(device, ":")
		entry := blockIOEntry{Major: kernelNumber(major), Minor: kernelNumber(minor)}
		add := func(to *[]blockIOEntry, op string, value uint64) {
			entry.Op, entry.Value = op, value
			*to = append(*to, entry)
		}
		counted := devices[device]
		add(&block.Bytes, "Read", counted.ReadBytes)
		add(&block.Bytes, "Write", counted.WrittenBytes)
		add(&block.Bytes, "Discard", counted.DiscardBytes)
		add(&block.Count, "Read", counted.Reads)
		add(&block.Count, "Write", counted.Writes)
		add(&block.Count, "Discard", counted.DiscardsCount)
	}
	return block
}

// kernelNumber parses a number that the kernel printed.
func kernelNumber(text string) uint64 {
	number, _ := strconv.ParseUint(text, 10, 64)
	return number
}

func pressureOf(stats *cgroupv2.Stats, resource string) *psiJSON {
	psi, known := stats.Pressure[resource]
	if !known {
		return nil
	}
	as := func(p cgroupv2.Pressure) pressureJSON { return pressureJSON{p.Avg10, p.Avg60, p.Avg300, p.Total} }
	return &psiJSON{Some: as(psi.Some), Full: as(psi.Full)}
}
