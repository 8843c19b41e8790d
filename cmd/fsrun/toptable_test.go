package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// used is a look at a container.
func used(id string, status state.Status, second int, stats *cgroupv2.Stats) *parent.Used {
	return &parent.Used{
		Inspected: parent.Inspected{Container: &state.Container{ID: id}, Status: status},
		At:        time.Unix(int64(second), 0), Stats: stats,
	}
}

// counters are those of a container after some use.
func counters(n uint64) *cgroupv2.Stats {
	return &cgroupv2.Stats{
		CPU:    &cgroupv2.CPUStats{Usage: n * 1_500_000},
		Memory: &cgroupv2.MemoryStats{Current: 300 << 20, Limit: 1 << 30, Events: cgroupv2.MemoryEvents{OOMKill: n - 1}},
		Pids:   &cgroupv2.PidsStats{Current: 12, Limit: cgroupv2.Unlimited},
		IO:     map[string]cgroupv2.IOStats{"8:0": {ReadBytes: n * 2000, WrittenBytes: n * 5 << 20}},
		Pressure: map[string]cgroupv2.PSI{
			"cpu": {Some: cgroupv2.Pressure{Avg10: 12.4}}, "memory": {Some: cgroupv2.Pressure{Avg10: 0.6}}, "io": {Some: cgroupv2.Pressure{Avg10: 100}},
		},
	}
}

func TestTopTable(t *testing.T) {
	rows := []topRow{
		newTopRow(used("fresh", state.Created, 1, counters(1)), &parent.Used{}, false),
		newTopRow(used("bare", state.Running, 1, nil), used("bare", state.Running, 0, nil), true),
		newTopRow(used("web-with-a-very-long-name-indeed", state.Running, 2, counters(2)), used("web", state.Running, 0, counters(1)), true),
	}
	sortTop(rows, "cpu")
	var table bytes.Buffer
	writeTop(&table, style.Plain, rows, 80)
	want := `
CONTAINER       STATUS     CPU        MEMORY      PIDS   READ/WRITE  PRESSURE
web-with-a-ve…  running  75.0%     300M/1.0G        12    1000/2.5M  12/1/100
bare            running      -             -         -            -  -
fresh           created      -     300M/1.0G        12            -  12/1/100
`[1:]
	if diff := cmp.Diff(want, table.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for line := range strings.Lines(table.String()) {
		if columns := len([]rune(line)) - 1; columns > 80 {
			t.Errorf("%d columns: %s", columns, line)
		}
	}
	sortTop(rows, "id")
	if rows[0].ID != "bare" || rows[2].ID[:3] != "web" {
		t.Errorf("sorted by id: %s, %s, %s", rows[0].ID, rows[1].ID, rows[2].ID)
	}
	table.Reset()
	writeTop(&table, style.Colourful, rows, 80)
	if !strings.Contains(table.String(), "\x1b[31mweb-") || !strings.Contains(table.String(), "\x1b[2mfresh") {
		t.Errorf("an OOM kill is not marked, or one that waits: %q", table.String())
	}
}

func TestByteCount(t *testing.T) {
	for bytes, want := range map[uint64]string{0: "0", 1023: "1023", 1024: "1.0K", 1536: "1.5K", 300 << 20: "300M", 1 << 40: "1.0T", 1<<64 - 1: "16.0E"} {
		if got := byteCount(bytes); got != want {
			t.Errorf("%d: %s, want %s", bytes, got, want)
		}
	}
}
