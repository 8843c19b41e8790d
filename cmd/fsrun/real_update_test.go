package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// kernelLog is /dev/kmsg, which no container gets by default.
func kernelLog(spec *specs.Spec) {
	spec.Linux.Devices = append(spec.Linux.Devices, specs.LinuxDevice{Path: "/dev/kmsg", Type: "c", Major: 1, Minor: 11})
}

// rules allow one device and deny every other one.
func rules(major, minor int64, access string) []specs.LinuxDeviceCgroup {
	return []specs.LinuxDeviceCgroup{
		{Allow: false, Access: "rwm"},
		{Allow: true, Type: "c", Major: &major, Minor: &minor, Access: access},
	}
}

// opens reports whether the container can open /dev/kmsg for writing (reading it also takes
// a capability).
func (c *container) opens() bool {
	c.t.Helper()
	return c.exec(&specs.Process{Args: []string{"/bin/sh", "-c", "exec 2>/dev/null; (: >/dev/kmsg) && echo yes || echo no"}, Cwd: "/"}) == "yes"
}

func (c *container) record() *state.Container {
	c.t.Helper()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(c.t, err)
	return inspected.Container
}

// The device program of a running container is replaced, not added to: rules are widened
// and narrowed, and the record follows.
func TestUpdateOfDeviceRules(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"), kernelLog)
	c.start()
	if c.opens() {
		t.Fatal("the container opens /dev/kmsg without a rule")
	}
	before := c.record().DeviceProgram
	for _, allowed := range []bool{true, false, true} {
		change := &specs.LinuxResources{Devices: rules(1, 11, "w")}
		if !allowed {
			change.Devices = rules(1, 11, "r")
		}
		must(t, parent.Update(c.StateRoot, c.ID, change))
		equal(t, "opens", allowed, c.opens())
		now := c.record().DeviceProgram
		if now == before {
			t.Error("the record holds the old program")
		}
		before = now
		spec, err := parent.Configuration(c.StateRoot, c.ID)
		must(t, err)
		equal(t, "access", change.Devices[1].Access, spec.Linux.Resources.Devices[1].Access)
	}
}

// A change that fails half-way leaves everything as it was, whether the kernel fails it or
// the record.
func TestFailedUpdateChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		unified map[string]string
		prepare func(t *testing.T, directory string)
		want    string
	}{
		"limit":         {unified: map[string]string{"cgroup.max.depth": "7", "cgroup.nosuch": "1"}, want: `linux.resources.unified["cgroup.nosuch"]`},
		"controller":    {unified: map[string]string{"nosuch.max": "1"}, want: "the nosuch controller is not available"},
		"state":         {unified: map[string]string{"cgroup.max.depth": "7"}, prepare: blocks("state.json.new"), want: "cannot save its state"},
		"configuration": {unified: map[string]string{"cgroup.max.depth": "7"}, prepare: blocks("config.json.new"), want: "config.json.new"},
	} {
		t.Run(name, func(t *testing.T) {
			container := newContainer(t, harness.Args("/bin/sleep", "1000"), kernelLog)
			container.start()
			if c.prepare != nil {
				c.prepare(t, filepath.Join(container.StateRoot, container.ID))
			}
			before := container.record()
			err := parent.Update(container.StateRoot, container.ID, &specs.LinuxResources{Devices: rules(1, 11, "w"), Unified: c.unified})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v; want %s", err, c.want)
			}
			equal(t, "opens", false, container.opens())
			depth, err := os.ReadFile(before.Cgroup + "/cgroup.max.depth")
			must(t, err)
			equal(t, "cgroup.max.depth", "max\n", string(depth))
			after := container.record()
			equal(t, "limits", before.Limits, after.Limits)
			equal(t, "device program", before.DeviceProgram, after.DeviceProgram)
			spec, err := parent.Configuration(container.StateRoot, container.ID)
			must(t, err)
			equal(t, "rules", 1, len(spec.Linux.Resources.Devices))
		})
	}
}

// blocks puts a directory where a file is to be written.
func blocks(name string) func(*testing.T, string) {
	return func(t *testing.T, directory string) {
		t.Helper()
		must(t, os.MkdirAll(filepath.Join(directory, name), 0o700))
	}
}
