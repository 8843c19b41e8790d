package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// starts is how many starts under a tiny limit must all succeed.
const starts = 200

func TestOneProcess(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"))...)
	for n := range starts {
		c := newContainer(t, harness.Pids(1), harness.Args("/bin/cat", "/sys/fs/cgroup/pids.max"))
		if got := c.succeed(); got != "1" {
			t.Fatalf("start %d: the program reads pids.max as %q", n+1, got)
		}
		must(t, parent.Delete(c.StateRoot, c.ID, false))
	}
}

// At Committed the threads in the cgroup are the child's own. From then on there is never
// another, and the only one left is the program's.
func TestNoThreadIsCreatedAfterCommitted(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"))...)
	c := newContainer(t, harness.Pids(1), harness.Args("/bin/sleep", "1000"))
	var committed []string
	c.Observe = func(step machine.Step) {
		if frame, is := step.Frame.(*protocol.Committed); is && step.Sent {
			committed = threads(t, "/sys/fs/cgroup"+frame.Cgroup)
		}
	}
	c.start()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	left := threads(t, inspected.Cgroup)
	if len(left) != 1 || !slices.Contains(committed, left[0]) {
		t.Errorf("threads at Committed: %v; of the program: %v", committed, left)
	}
	// The kernel counts every attempt that the limit refused.
	events, err := os.ReadFile(inspected.Cgroup + "/pids.events")
	must(t, err)
	equal(t, "pids.events", "max 0\n", string(events))
	t.Logf("%d threads at Committed, %d afterwards", len(committed), len(left))
}

func threads(t *testing.T, cgroup string) []string {
	t.Helper()
	content, err := os.ReadFile(cgroup + "/cgroup.threads")
	must(t, err)
	return strings.Fields(string(content))
}

func TestLimitsReadFromInside(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"), harness.Controller("memory"), harness.Controller("cpu"))...)
	wanted := map[string]string{
		"pids.max": "77\n", "memory.max": "67108864\n", "memory.low": "33554432\n", "cpu.max": "20000 100000\n", "memory.oom.group": "1\n",
	}
	var files []string
	for name := range wanted {
		files = append(files, "/sys/fs/cgroup/"+name)
	}
	c := newContainer(t, harness.Probing(t, files...), harness.Pids(77), harness.Memory(64<<20), func(spec *specs.Spec) {
		quota, period, reservation := int64(20000), uint64(100000), int64(32<<20)
		spec.Linux.Resources.CPU = &specs.LinuxCPU{Quota: &quota, Period: &period}
		spec.Linux.Resources.Memory.Reservation = &reservation
		spec.Linux.Resources.Unified = map[string]string{"memory.oom.group": "1"}
	})
	report := c.probe()
	for name, want := range wanted {
		equal(t, name, want, report.Files["/sys/fs/cgroup/"+name].Content)
	}
}

// A program that needs next to nothing starts in next to nothing.
func TestTinyMemory(t *testing.T) {
	harness.Need(t, append(harness.Container, harness.Controller("pids"), harness.Controller("memory"))...)
	const limit = 512 << 10
	for n := range 20 {
		bundle := harness.Bundle(t, harness.Args("/bin/exit"), harness.Pids(1), harness.Memory(limit))
		harness.ExitProgram(t, bundle+"/rootfs/bin/exit")
		c := newContainerOf(t, bundle)
		if status := c.run(); status != 0 {
			t.Fatalf("start %d with %d bytes: %#x", n+1, limit, status)
		}
		must(t, parent.Delete(c.StateRoot, c.ID, false))
	}
}

// A number for local use (Documentation/admin-guide/devices.txt) has no driver: what the
// rules allow fails with ENXIO.
func TestDevices(t *testing.T) {
	major, minor := int64(240), int64(7)
	mode := os.FileMode(0o666)
	for name, test := range map[string]struct {
		allow bool
		want  string
	}{"denied": {false, "EPERM"}, "allowed": {true, "ENXIO"}} {
		t.Run(name, func(t *testing.T) {
			report := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
				spec.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/local", Type: "c", Major: major, Minor: minor, FileMode: &mode}}
				if test.allow {
					spec.Linux.Resources.Devices = append(spec.Linux.Resources.Devices,
						specs.LinuxDeviceCgroup{Allow: true, Type: "c", Major: &major, Minor: &minor, Access: "r"})
				}
			}).probe()
			equal(t, "open /dev/local", test.want, report.Attempts["open /dev/local"])
			equal(t, "open /dev/null", "success", report.Attempts["open /dev/null"])
		})
	}
}

// Natively the controllers may be bound to cgroup v1: a limit is then refused, and the
// error says where.
func TestLimitWithoutController(t *testing.T) {
	harness.NativeOnly(t, "every controller is there")
	c := newContainer(t, harness.Pids(1), harness.Args("/bin/true"))
	if content, err := os.ReadFile("/sys/fs/cgroup/cgroup.controllers"); err == nil && slices.Contains(strings.Fields(string(content)), "pids") {
		t.Skip("the pids controller is there")
	}
	err := c.refuse()
	for _, part := range []string{"linux.resources.pids.limit", "pids controller"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q does not say %q", err, part)
		}
	}
	if entries, err := os.ReadDir(c.StateRoot); err != nil || len(entries) > 0 {
		t.Errorf("the refusal left %v (%v)", fmt.Sprint(entries), err)
	}
}
