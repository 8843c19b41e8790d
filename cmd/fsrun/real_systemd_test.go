package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// newScope makes a bundle whose container has a systemd scope.
func newScope(t *testing.T, edits ...harness.Edit) *container {
	t.Helper()
	harness.NeedSystemd(t)
	var c *container
	t.Cleanup(func() { // after the container has been deleted
		if c == nil {
			return
		}
		if got := show(t, c.unit(), "LoadState")["LoadState"]; got != "not-found" {
			t.Errorf("systemd still has %s, which is %s", c.unit(), got)
		}
	})
	c = newContainer(t, append([]harness.Edit{func(spec *specs.Spec) { spec.Linux.CgroupsPath = "" }}, edits...)...)
	c.CgroupManager = parent.Systemd
	return c
}

func (c *container) unit() string { return "fsrun-" + c.ID + ".scope" }

// show returns properties of a unit.
func show(t *testing.T, unit string, names ...string) map[string]string {
	t.Helper()
	output, err := exec.Command("systemctl", "show", unit, "--property", strings.Join(names, ",")).Output()
	must(t, err)
	properties := map[string]string{}
	for line := range strings.Lines(string(output)) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
		properties[name] = value
	}
	return properties
}

func reload(t *testing.T) {
	t.Helper()
	output, err := exec.Command("systemctl", "daemon-reload").CombinedOutput()
	if err != nil {
		t.Fatalf("daemon-reload: %v: %s", err, output)
	}
}

func TestSystemdOneProcess(t *testing.T) {
	for n := range 10 {
		c := newScope(t, harness.Pids(1), harness.Args("/bin/cat", "/sys/fs/cgroup/pids.max"))
		if got := c.succeed(); got != "1" {
			t.Fatalf("start %d: the program reads pids.max as %q", n+1, got)
		}
		must(t, parent.Delete(c.StateRoot, c.ID, false))
	}
}

// If a child stays outside its cgroup until Ready, the placeholder has the scope to itself
// until then.
func TestSystemdTinyMemory(t *testing.T) {
	harness.NeedSystemd(t)
	for n := range 5 {
		bundle := harness.Bundle(t, harness.Args("/bin/exit"), harness.Pids(1), harness.Memory(512<<10), func(spec *specs.Spec) {
			spec.Linux.CgroupsPath = ""
		})
		harness.ExitProgram(t, bundle+"/rootfs/bin/exit")
		c := newContainerOf(t, bundle)
		c.CgroupManager = parent.Systemd
		if status := c.run(); status != 0 {
			t.Fatalf("start %d: %#x", n+1, status)
		}
		must(t, parent.Delete(c.StateRoot, c.ID, false))
	}
}

// limited has limits of every kind that systemd knows too, and one that it does not.
func limited(spec *specs.Spec) {
	harness.Pids(77)(spec)
	harness.Memory(64 << 20)(spec)
	reservation, swap := int64(32<<20), int64(96<<20)
	spec.Linux.Resources.Memory.Reservation, spec.Linux.Resources.Memory.Swap = &reservation, &swap
	quota, period, shares, burst, weight := int64(12345), uint64(100_000), uint64(2048), uint64(1000), uint16(500)
	spec.Linux.Resources.CPU = &specs.LinuxCPU{Quota: &quota, Period: &period, Shares: &shares, Burst: &burst, Cpus: "0", Mems: "0"}
	spec.Linux.Resources.BlockIO = &specs.LinuxBlockIO{Weight: &weight}
	spec.Linux.Resources.HugepageLimits = []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 4 << 20}}
}

// standing reads the limits in force in the kernel.
func standing(t *testing.T, cgroup string, limits map[string]string) map[string]string {
	t.Helper()
	found := map[string]string{}
	for name := range limits {
		content, err := os.ReadFile(filepath.Join(cgroup, name))
		must(t, err)
		found[name] = strings.TrimSpace(string(content))
	}
	return found
}

func TestSystemdUnit(t *testing.T) {
	c := newScope(t, limited, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Annotations = map[string]string{"org.systemd.property.TimeoutStopUSec": "uint64 5000000"}
	})
	c.start()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "cgroup", "/sys/fs/cgroup/system.slice/"+c.unit(), inspected.Cgroup)
	equal(t, "unit", c.unit(), inspected.Unit)
	want := map[string]string{
		"ActiveState": "active", "Slice": "system.slice", "Delegate": "yes", "DevicePolicy": "auto",
		"CollectMode": "inactive-or-failed", "DefaultDependencies": "no", "TimeoutStopUSec": "5s",
		"TasksMax": "77", "MemoryMax": "67108864", "MemoryLow": "33554432", "MemorySwapMax": "33554432",
		"CPUQuotaPerSecUSec": "130ms", "CPUQuotaPeriodUSec": "100ms", "AllowedCPUs": "0", "AllowedMemoryNodes": "0",
	}
	var names []string
	for name := range want {
		names = append(names, name)
	}
	if difference := cmp.Diff(want, show(t, c.unit(), append(names, "CPUWeight")...), ignoring("CPUWeight")); difference != "" {
		t.Errorf("properties (-want +got):\n%s", difference)
	}
	equal(t, "exec", "0::/", c.exec(process("/bin/cat", "/proc/self/cgroup")))
	must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
}

// ignoring ignores a property that depends on the kernel's scale.
func ignoring(name string) cmp.Option {
	return cmp.FilterPath(func(p cmp.Path) bool {
		index, is := p.Last().(cmp.MapIndex)
		return is && index.Key().String() == name
	}, cmp.Ignore())
}

func process(arguments ...string) *specs.Process {
	return &specs.Process{Args: arguments, Cwd: "/", Env: []string{"PATH=/bin"}}
}

// systemd writes its own values whenever its configuration is reloaded.
func TestSystemdReloadKeepsLimits(t *testing.T) {
	major, minor, mode := int64(240), int64(7), os.FileMode(0o666)
	c := newScope(t, limited, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Linux.Devices = []specs.LinuxDevice{{Path: "/dev/local", Type: "c", Major: major, Minor: minor, FileMode: &mode}}
	})
	c.start()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	limits := inspected.Limits
	if len(limits) < 9 {
		t.Fatalf("only %v stand", limits)
	}
	before := standing(t, inspected.Cgroup, limits)
	denied := func() string {
		return c.exec(process("/bin/sh", "-c", "cat /dev/local 2>&1 || true; cat /dev/null"))
	}
	refusal := denied()
	if !strings.Contains(refusal, "not permitted") {
		t.Errorf("the device is not denied: %q", refusal)
	}
	reload(t)
	after := standing(t, inspected.Cgroup, limits)
	// systemd rounds a quota to whole percents.
	equal(t, "cpu.max", "13000 100000", after["cpu.max"])
	after["cpu.max"] = before["cpu.max"]
	if difference := cmp.Diff(before, after); difference != "" {
		t.Errorf("daemon-reload changed limits (-before +after):\n%s", difference)
	}
	equal(t, "the device after daemon-reload", refusal, denied())

	const pids, bytes = int64(55), int64(80 << 20)
	limit, memory := pids, bytes
	must(t, parent.Update(c.StateRoot, c.ID, &specs.LinuxResources{
		Pids: &specs.LinuxPids{Limit: &limit}, Memory: &specs.LinuxMemory{Limit: &memory},
	}))
	reload(t)
	after = standing(t, inspected.Cgroup, limits)
	equal(t, "pids.max after an update and daemon-reload", fmt.Sprint(pids), after["pids.max"])
	equal(t, "memory.max after an update and daemon-reload", fmt.Sprint(bytes), after["memory.max"])
	equal(t, "the device after an update", refusal, denied())
}

// TestSystemdUpdateOfTheQuotaAlone: systemd is told the current period. Otherwise the limit
// would change after daemon-reload.
func TestSystemdUpdateOfTheQuotaAlone(t *testing.T) {
	quota, period, half := int64(100_000), uint64(200_000), int64(50_000)
	c := newScope(t, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Linux.Resources.CPU = &specs.LinuxCPU{Quota: &quota, Period: &period}
	})
	c.start()
	must(t, parent.Update(c.StateRoot, c.ID, &specs.LinuxResources{CPU: &specs.LinuxCPU{Quota: &half}}))
	equal(t, "CPUQuotaPerSecUSec", "250ms", show(t, c.unit(), "CPUQuotaPerSecUSec")["CPUQuotaPerSecUSec"])
	reload(t)
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "cpu.max after daemon-reload", "50000 200000", standing(t, inspected.Cgroup, map[string]string{"cpu.max": ""})["cpu.max"])
}

// An update that fails leaves systemd's properties as they were.
func TestSystemdUpdateIsAllOrNothing(t *testing.T) {
	c := newScope(t, harness.Pids(77), harness.Args("/bin/sleep", "1000"))
	c.start()
	limit := int64(55)
	err := parent.Update(c.StateRoot, c.ID, &specs.LinuxResources{
		Pids: &specs.LinuxPids{Limit: &limit}, CPU: &specs.LinuxCPU{Cpus: "4095"},
	})
	if err == nil {
		t.Fatal("processor 4095 was granted")
	}
	reload(t)
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "pids.max", "77", standing(t, inspected.Cgroup, map[string]string{"pids.max": ""})["pids.max"])
	equal(t, "TasksMax", "77", show(t, c.unit(), "TasksMax")["TasksMax"])
}

func TestSystemdPath(t *testing.T) {
	c := newScope(t, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) {
		spec.Linux.CgroupsPath = fmt.Sprintf("machine-fsruntest.slice:x:y+%d", os.Getpid())
	})
	c.start()
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "cgroup", fmt.Sprintf(`/sys/fs/cgroup/machine.slice/machine-fsruntest.slice/x-y\x2b%d.scope`, os.Getpid()), inspected.Cgroup)
	must(t, parent.Delete(c.StateRoot, c.ID, true))
	if _, err := os.Stat(inspected.Cgroup); err == nil {
		t.Error("the cgroup is still there")
	}
	must(t, exec.Command("systemctl", "stop", "machine-fsruntest.slice", "machine.slice").Run())
}

func TestSystemdRefuses(t *testing.T) {
	for name, test := range map[string]struct {
		edit harness.Edit
		want string
	}{
		"a path of the file system": {func(spec *specs.Spec) { spec.Linux.CgroupsPath = "/fsrun/web" }, `linux.cgroupsPath: "/fsrun/web" is not of systemd's form; allowed: SLICE:PREFIX:NAME`},
		"a property that is a limit": {func(spec *specs.Spec) {
			spec.Annotations = map[string]string{"org.systemd.property.MemoryMax": "uint64 5"}
		}, `annotations["org.systemd.property.MemoryMax"]`},
		"a property that is none": {func(spec *specs.Spec) {
			spec.Annotations = map[string]string{"org.systemd.property.NoSuchProperty": "true"}
		}, "NoSuchProperty"},
		"a property of another type": {func(spec *specs.Spec) {
			spec.Annotations = map[string]string{"org.systemd.property.TimeoutStopUSec": "'five'"}
		}, "StartTransientUnit"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newScope(t, test.edit)
			if err := c.refuse(); !strings.Contains(err.Error(), test.want) {
				t.Errorf("%q does not say %q", err, test.want)
			}
			if _, err := parent.Inspect(c.StateRoot, c.ID); err == nil {
				t.Error("the container is still known")
			}
		})
	}
}

// Somebody else's unit of the same name is neither used nor stopped.
func TestSystemdNameTaken(t *testing.T) {
	harness.NeedSystemd(t)
	name := fmt.Sprintf("fsrun-taken-%d", os.Getpid())
	other := exec.Command("systemd-run", "--scope", "--unit", name, "sleep", "1000")
	must(t, other.Start())
	t.Cleanup(func() {
		must(t, exec.Command("systemctl", "kill", name+".scope").Run())
		_ = other.Wait()
	})
	waitUntil(t, func() bool { return show(t, name+".scope", "ActiveState")["ActiveState"] == "active" })
	c := newScope(t, func(spec *specs.Spec) { spec.Linux.CgroupsPath = "::" + name })
	if err := c.refuse(); !strings.Contains(err.Error(), "systemctl stop "+name+".scope") {
		t.Errorf("%q does not say what to do", err)
	}
	equal(t, "the other's state", "active", show(t, name+".scope", "ActiveState")["ActiveState"])
}

// delete undoes what a killed creator has left behind.
func TestSystemdKilledCreator(t *testing.T) {
	c := newScope(t, harness.Args("/bin/sleep", "1000"), harness.Pids(10))
	c.create()
	store, err := state.Open(c.StateRoot)
	must(t, err)
	must(t, os.Remove(filepath.Join(store.Path(c.ID), "state.json")))
	must(t, parent.Delete(c.StateRoot, c.ID, true))
	equal(t, "the unit", "not-found", show(t, c.unit(), "LoadState")["LoadState"])
}

// systemd stops a scope by itself when its last process ends; delete still succeeds.
func TestSystemdEndedByItself(t *testing.T) {
	c := newScope(t, harness.Args("/bin/true"))
	if status := c.run(); status != 0 {
		t.Fatalf("%#x", status)
	}
	waitUntil(t, func() bool { return show(t, c.unit(), "LoadState")["LoadState"] == "not-found" })
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "status", state.Stopped, inspected.Status)
	must(t, parent.Delete(c.StateRoot, c.ID, false))
}

func TestSystemdPause(t *testing.T) {
	c := newScope(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	must(t, parent.Pause(c.StateRoot, c.ID))
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	equal(t, "status", state.Paused, inspected.Status)
	must(t, parent.Resume(c.StateRoot, c.ID))
	must(t, parent.Pause(c.StateRoot, c.ID)) // deleted while paused
}

// The container makes groups in its delegated subtree; they are removed with it.
func TestSystemdDelegates(t *testing.T) {
	c := newScope(t, harness.Shell("mkdir -p /sys/fs/cgroup/a/b && cat /sys/fs/cgroup/cgroup.controllers"), func(spec *specs.Spec) {
		for i := range spec.Mounts {
			if spec.Mounts[i].Type == "cgroup" {
				spec.Mounts[i].Options = slices.DeleteFunc(spec.Mounts[i].Options, func(option string) bool { return option == "ro" })
			}
		}
	})
	controllers := strings.Fields(c.succeed())
	for _, wanted := range []string{"cpu", "cpuset", "io", "memory", "pids"} {
		if !slices.Contains(controllers, wanted) {
			t.Errorf("the controllers are %v, without %s", controllers, wanted)
		}
	}
}

func TestSystemdHooks(t *testing.T) {
	c := newScope(t, harness.Pids(1), func(spec *specs.Spec) {
		spec.Process.Args = []string{"/bin/true"}
		spec.Hooks = &specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/sh", Args: []string{"sh", "-c", "exit 3"}}}}
	})
	if err := c.refuse(); !strings.Contains(err.Error(), "createRuntime") {
		t.Errorf("%v", err)
	}
}

func waitUntil(t *testing.T, done func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it never came to that")
		}
	}
}
