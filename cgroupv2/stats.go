package cgroupv2

import (
	"errors"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// Stats holds a group's counters. A part is nil if its controller is not enabled. Sizes are
// in bytes and times in microseconds; a limit of "max" is [Unlimited].
type Stats struct {
	CPU     *CPUStats               `json:"cpu,omitempty"`
	Memory  *MemoryStats            `json:"memory,omitempty"`
	Pids    *PidsStats              `json:"pids,omitempty"`
	IO      map[string]IOStats      `json:"io,omitempty"`      // by device, such as "8:0"
	Hugetlb map[string]HugetlbStats `json:"hugetlb,omitempty"` // by page size, such as "2MB"
	// Pressure holds PSI (Documentation/accounting/psi.rst) by resource: cpu, memory, io.
	Pressure map[string]PSI `json:"pressure,omitempty"`
}

// Unlimited stands for "max".
const Unlimited = ^uint64(0)

// CPUStats is cpu.stat.
type CPUStats struct {
	Usage     uint64 `json:"usage_usec"`
	User      uint64 `json:"user_usec"`
	System    uint64 `json:"system_usec"`
	Periods   uint64 `json:"nr_periods"`
	Throttled uint64 `json:"nr_throttled"`
	Waited    uint64 `json:"throttled_usec"`
	Bursts    uint64 `json:"nr_bursts"`
	Burst     uint64 `json:"burst_usec"`
}

// MemoryStats is memory.current, memory.peak (Linux 5.19) and memory.max, the same for
// swap, memory.events and memory.stat.
type MemoryStats struct {
	Current     uint64            `json:"current"`
	Peak        uint64            `json:"peak,omitempty"`
	Limit       uint64            `json:"limit"`
	SwapCurrent uint64            `json:"swap_current,omitempty"`
	SwapPeak    uint64            `json:"swap_peak,omitempty"` // Linux 6.5
	SwapLimit   uint64            `json:"swap_limit,omitempty"`
	Events      MemoryEvents      `json:"events"`
	Stat        map[string]uint64 `json:"stat,omitempty"`
}

// MemoryEvents is memory.events: how often each event happened.
type MemoryEvents struct {
	Low          uint64 `json:"low"`
	High         uint64 `json:"high"`
	Max          uint64 `json:"max"`
	OOM          uint64 `json:"oom"`
	OOMKill      uint64 `json:"oom_kill"`
	OOMGroupKill uint64 `json:"oom_group_kill"`
}

// PidsStats is pids.current, pids.peak (Linux 6.8), pids.max and how many forks pids.max
// has refused.
type PidsStats struct {
	Current uint64 `json:"current"`
	Peak    uint64 `json:"peak,omitempty"`
	Limit   uint64 `json:"limit"`
	Refused uint64 `json:"refused"`
}

// IOStats is one device's line of io.stat.
type IOStats struct {
	ReadBytes     uint64 `json:"rbytes"`
	WrittenBytes  uint64 `json:"wbytes"`
	Reads         uint64 `json:"rios"`
	Writes        uint64 `json:"wios"`
	DiscardBytes  uint64 `json:"dbytes"`
	DiscardsCount uint64 `json:"dios"`
}

// HugetlbStats is hugetlb.SIZE.current, .max and how many allocations were refused.
type HugetlbStats struct {
	Current uint64 `json:"current"`
	Limit   uint64 `json:"limit"`
	Refused uint64 `json:"refused"`
}

// PSI is a pressure file. Full is zero if the kernel does not report it.
type PSI struct {
	Some Pressure `json:"some"`
	Full Pressure `json:"full"`
}

// Pressure is the percentage of the last 10, 60 and 300 seconds in which tasks were
// waiting, and the total in microseconds.
type Pressure struct {
	Avg10  float64 `json:"avg10"`
	Avg60  float64 `json:"avg60"`
	Avg300 float64 `json:"avg300"`
	Total  uint64  `json:"total_usec"`
}

// Stats reads all counters of the group. It reads one file after another, so the numbers
// are from slightly different times.
func (g *Group) Stats() (Stats, error) {
	r := &statReader{dir: g.dir}
	stats := Stats{
		CPU:      r.cpu(),
		Memory:   r.memory(),
		Pids:     r.pids(),
		IO:       r.io(),
		Hugetlb:  r.hugetlb(),
		Pressure: r.pressure(),
	}
	if r.err != nil {
		return Stats{}, r.err
	}
	return stats, nil
}

// MemoryEvents reads only memory.events, which shows whether the container ran out of
// memory. It is zero if the controller is not enabled.
func (g *Group) MemoryEvents() (MemoryEvents, error) {
	r := &statReader{dir: g.dir}
	events := r.memoryEvents()
	return events, r.err
}

// statReader reads files that may not exist. It keeps the first other error.
type statReader struct {
	dir dir
	err error
}

// read returns the file's content, and whether it exists.
func (r *statReader) read(name string) (string, bool) {
	content, err := r.dir.read(name)
	switch {
	case err == nil:
		return content, true
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.EOPNOTSUPP):
		// A pressure file returns EOPNOTSUPP if PSI is off.
	case r.err == nil:
		r.err = err
	}
	return "", false
}

// number reads a file with a number or max. It returns zero if the file does not exist.
func (r *statReader) number(name string) uint64 {
	content, found := r.read(name)
	if !found {
		return 0
	}
	if content == "max" {
		return Unlimited
	}
	n, err := strconv.ParseUint(content, 10, 64)
	if err != nil && r.err == nil {
		r.err = r.dir.fail("parse", name, err)
	}
	return n
}

func (r *statReader) flat(name string) map[string]uint64 {
	content, found := r.read(name)
	if !found {
		return nil
	}
	return flatKeyed(content)
}

func (r *statReader) cpu() *CPUStats {
	values := r.flat("cpu.stat") // exists in every group, with or without the controller
	if values == nil {
		return nil
	}
	return &CPUStats{
		Usage: values["usage_usec"], User: values["user_usec"], System: values["system_usec"],
		Periods: values["nr_periods"], Throttled: values["nr_throttled"], Waited: values["throttled_usec"],
		Bursts: values["nr_bursts"], Burst: values["burst_usec"],
	}
}

func (r *statReader) memory() *MemoryStats {
	if !r.dir.has("memory.current") {
		return nil
	}
	return &MemoryStats{
		Current: r.number("memory.current"), Peak: r.number("memory.peak"), Limit: r.number("memory.max"),
		SwapCurrent: r.number("memory.swap.current"), SwapPeak: r.number("memory.swap.peak"),
		SwapLimit: r.number("memory.swap.max"),
		Events:    r.memoryEvents(), Stat: r.flat("memory.stat"),
	}
}

func (r *statReader) memoryEvents() MemoryEvents {
	values := r.flat("memory.events")
	return MemoryEvents{
		Low: values["low"], High: values["high"], Max: values["max"],
		OOM: values["oom"], OOMKill: values["oom_kill"], OOMGroupKill: values["oom_group_kill"],
	}
}

func (r *statReader) pids() *PidsStats {
	if !r.dir.has("pids.current") {
		return nil
	}
	return &PidsStats{
		Current: r.number("pids.current"), Peak: r.number("pids.peak"), Limit: r.number("pids.max"),
		Refused: r.flat("pids.events")["max"],
	}
}

func (r *statReader) io() map[string]IOStats {
	content, found := r.read("io.stat")
	if !found {
		return nil
	}
	return parseIOStat(content)
}

// parseIOStat parses lines such as "8:0 rbytes=1 wbytes=2 …".
func parseIOStat(content string) map[string]IOStats {
	devices := map[string]IOStats{}
	for line := range strings.SplitSeq(content, "\n") {
		device, rest, found := strings.Cut(line, " ")
		if !found {
			continue
		}
		values := namedValues(rest)
		devices[device] = IOStats{
			ReadBytes: number(values["rbytes"]), WrittenBytes: number(values["wbytes"]),
			Reads: number(values["rios"]), Writes: number(values["wios"]),
			DiscardBytes: number(values["dbytes"]), DiscardsCount: number(values["dios"]),
		}
	}
	return devices
}

func (r *statReader) hugetlb() map[string]HugetlbStats {
	var files []string
	if err := r.dir.entries(collect(&files, "hugetlb.")); err != nil && r.err == nil {
		r.err = err
	}
	sizes := map[string]HugetlbStats{}
	for _, file := range files {
		size, found := strings.CutSuffix(strings.TrimPrefix(file, "hugetlb."), ".current")
		if !found || strings.Contains(size, ".") {
			continue // of reservations, or another file
		}
		prefix := "hugetlb." + size
		sizes[size] = HugetlbStats{
			Current: r.number(prefix + ".current"), Limit: r.number(prefix + ".max"),
			Refused: r.flat(prefix + ".events")["max"],
		}
	}
	if len(sizes) == 0 {
		return nil
	}
	return sizes
}

func (r *statReader) pressure() map[string]PSI {
	all := map[string]PSI{}
	for _, resource := range [...]string{"cpu", "memory", "io"} {
		if content, found := r.read(resource + ".pressure"); found {
			all[resource] = parsePSI(content)
		}
	}
	if len(all) == 0 {
		return nil
	}
	return all
}

// parsePSI parses "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same for full.
func parsePSI(content string) PSI {
	var psi PSI
	for line := range strings.SplitSeq(content, "\n") {
		kind, rest, _ := strings.Cut(line, " ")
		values := namedValues(rest)
		p := Pressure{
			Avg10: percent(values["avg10"]), Avg60: percent(values["avg60"]), Avg300: percent(values["avg300"]),
			Total: number(values["total"]),
		}
		switch kind {
		case "some":
			psi.Some = p
		case "full":
			psi.Full = p
		}
	}
	return psi
}

// namedValues parses "a=1 b=2".
func namedValues(line string) map[string]string {
	values := make(map[string]string, 8)
	for field := range strings.FieldsSeq(line) {
		if name, value, found := strings.Cut(field, "="); found {
			values[name] = value
		}
	}
	return values
}

// number and percent parse what the kernel printed. A value that is missing becomes zero.
func number(text string) uint64 {
	n, _ := strconv.ParseUint(text, 10, 64)
	return n
}

func percent(text string) float64 {
	f, _ := strconv.ParseFloat(text, 64)
	return f
}
