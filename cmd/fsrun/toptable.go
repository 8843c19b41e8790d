package main

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// topRow is a container's row in top. What is not counted is nil.
type topRow struct {
	ID          string       `json:"id"`
	Status      state.Status `json:"status"`
	CPU         *float64     `json:"cpu_percent"`
	Memory      *uint64      `json:"memory_bytes"`
	MemoryLimit *uint64      `json:"memory_limit_bytes"` // nil: none
	Pids        *uint64      `json:"pids"`
	PidsLimit   *uint64      `json:"pids_limit"` // nil: none
	Read        *float64     `json:"read_bytes_per_sec"`
	Written     *float64     `json:"written_bytes_per_sec"`
	OOMKills    *uint64      `json:"oom_kills"`
	Pressure    *topPressure `json:"pressure_percent,omitempty"`
}

// topPressure is PSI's "some" over ten seconds.
type topPressure struct {
	CPU    float64 `json:"cpu"`
	Memory float64 `json:"memory"`
	IO     float64 `json:"io"`
}

// newTopRow computes a row from two looks. Without an earlier one there are no rates.
func newTopRow(now, before *parent.Used, known bool) topRow {
	row := topRow{ID: now.ID, Status: now.Status}
	stats := now.Stats
	if stats == nil {
		return row
	}
	if memory := stats.Memory; memory != nil {
		row.Memory, row.MemoryLimit, row.OOMKills = &memory.Current, finite(memory.Limit), &memory.Events.OOMKill
	}
	if pids := stats.Pids; pids != nil {
		row.Pids, row.PidsLimit = &pids.Current, finite(pids.Limit)
	}
	if len(stats.Pressure) > 0 {
		row.Pressure = &topPressure{stats.Pressure["cpu"].Some.Avg10, stats.Pressure["memory"].Some.Avg10, stats.Pressure["io"].Some.Avg10}
	}
	seconds := now.At.Sub(before.At).Seconds()
	if !known || before.Stats == nil || seconds <= 0 {
		return row
	}
	if stats.CPU != nil && before.Stats.CPU != nil {
		row.CPU = rate(before.Stats.CPU.Usage, stats.CPU.Usage, seconds*1e6/100)
	}
	if stats.IO != nil {
		read, written := transferred(stats)
		readBefore, writtenBefore := transferred(before.Stats)
		row.Read, row.Written = rate(readBefore, read, seconds), rate(writtenBefore, written, seconds)
	}
	return row
}

func (r *topRow) shown() bool { return r.Status != state.Stopped }

func finite(limit uint64) *uint64 {
	if limit == cgroupv2.Unlimited {
		return nil
	}
	return &limit
}

// rate returns the increase per unit.
func rate(before, now uint64, units float64) *float64 {
	value := float64(now-min(before, now)) / units
	return &value
}

func transferred(stats *cgroupv2.Stats) (read, written uint64) {
	for _, device := range stats.IO {
		read, written = read+device.ReadBytes, written+device.WrittenBytes
	}
	return read, written
}

// topOrder lists the columns to sort by, largest first; rows without a value come last.
var topOrder = []struct {
	name string
	key  func(*topRow) float64
}{
	{"cpu", func(r *topRow) float64 { return orLeast(r.CPU) }},
	{"memory", func(r *topRow) float64 { return counted(r.Memory) }},
	{"pids", func(r *topRow) float64 { return counted(r.Pids) }},
	{"id", func(*topRow) float64 { return 0 }},
}

func topOrders() []string {
	names := make([]string, 0, len(topOrder))
	for _, order := range topOrder {
		names = append(names, order.name)
	}
	return names
}

func orLeast(value *float64) float64 {
	if value == nil {
		return -1
	}
	return *value
}

func counted(value *uint64) float64 {
	if value == nil {
		return -1
	}
	return float64(*value)
}

func sortTop(rows []topRow, by string) {
	for _, order := range topOrder {
		if order.name == by {
			slices.SortStableFunc(rows, func(a, b topRow) int {
				return cmp.Or(cmp.Compare(order.key(&b), order.key(&a)), strings.Compare(a.ID, b.ID))
			})
		}
	}
}

// topWidth is the width of all columns except the first.
const topWidth = 66

// writeTop prints the table in a width.
func writeTop(to io.Writer, s style.Style, rows []topRow, width int) {
	longest := len("CONTAINER")
	for i := range rows {
		longest = max(longest, utf8.RuneCountInString(rows[i].ID))
	}
	first := max(min(longest, width-topWidth), len("CONTAINER"))
	const form = "%s  %-7s %6s %13s %9s %12s  %s"
	fmt.Fprintln(to, s.Bold(fmt.Sprintf(form, style.Fit("CONTAINER", first), "STATUS", "CPU", "MEMORY", "PIDS", "READ/WRITE", "PRESSURE")))
	for i := range rows {
		row := &rows[i]
		cpu := "-"
		if row.CPU != nil {
			cpu = fmt.Sprintf("%.1f%%", *row.CPU)
		}
		line := fmt.Sprintf(form, style.Fit(row.ID, first), row.Status, cpu, row.memory(), row.pids(), row.io(), row.pressure())
		switch {
		case row.OOMKills != nil && *row.OOMKills > 0:
			line = s.Bad(line)
		case row.Status != state.Running:
			line = s.Dim(line)
		}
		fmt.Fprintln(to, line)
	}
	if len(rows) == 0 {
		fmt.Fprintln(to, s.Dim("no container runs"))
	}
}

func (r *topRow) memory() string { return ofLimit(r.Memory, r.MemoryLimit, byteCount) }
func (r *topRow) pids() string   { return ofLimit(r.Pids, r.PidsLimit, decimal) }

func ofLimit(value, limit *uint64, show func(uint64) string) string {
	switch {
	case value == nil:
		return "-"
	case limit == nil:
		return show(*value)
	}
	return show(*value) + "/" + show(*limit)
}

func (r *topRow) io() string {
	if r.Read == nil {
		return "-"
	}
	return byteCount(uint64(*r.Read)) + "/" + byteCount(uint64(*r.Written))
}

func (r *topRow) pressure() string {
	if r.Pressure == nil {
		return "-"
	}
	return fmt.Sprintf("%.0f/%.0f/%.0f", r.Pressure.CPU, r.Pressure.Memory, r.Pressure.IO)
}
