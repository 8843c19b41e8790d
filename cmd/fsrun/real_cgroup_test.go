package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// cgroupPlaces maps the forms of linux.cgroupsPath to the places beneath the tree that they
// mean (config-linux.md, "Cgroups Path").
func cgroupPlaces(t *testing.T) map[string]string {
	id := harness.ID(t)
	return map[string]string{
		harness.Slice() + "/" + id: harness.Slice() + "/" + id,
		id + "/below":              "/fsrun/" + id + "/below",
	}
}

// TestEveryController: what config.json asks of every controller is in force, as seen
// inside the container and on the host, with absolute and relative cgroup paths. After
// delete nothing is left.
func TestEveryController(t *testing.T) {
	needed := harness.Container
	for _, name := range []string{"cpu", "cpuset", "memory", "io", "pids", "hugetlb"} {
		needed = append(needed, harness.Controller(name))
	}
	harness.Need(t, needed...)
	disk := blockDevice(t)
	wanted := map[string]string{
		"cpu.weight": "174", "cpu.max": "20000 100000", "cpu.max.burst": "5000",
		"cpuset.cpus": "0", "cpuset.mems": "0",
		"memory.max": "268435456", "memory.low": "33554432", "memory.swap.max": "33554432",
		"io.max":          fmt.Sprintf("%d:%d rbps=1048576 wbps=max riops=max wiops=120", disk.Major, disk.Minor),
		"pids.max":        "77",
		"hugetlb.2MB.max": "4194304", "hugetlb.2MB.rsvd.max": "4194304",
		"memory.oom.group": "1",
	}
	var files []string
	for name := range wanted {
		files = append(files, "/sys/fs/cgroup/"+name)
	}
	for asked, place := range cgroupPlaces(t) {
		t.Run(asked, func(t *testing.T) {
			c := newContainer(t, harness.Probing(t, files...), harness.Pids(77), everyResource(disk), func(spec *specs.Spec) {
				spec.Linux.CgroupsPath = asked
			})
			report := c.probe()
			directory := harness.CgroupMount + place
			for name, want := range wanted {
				equal(t, name+" inside", want, strings.TrimSpace(report.Files["/sys/fs/cgroup/"+name].Content))
				content, err := os.ReadFile(filepath.Join(directory, name))
				must(t, err)
				equal(t, name+" on the host", want, strings.TrimSpace(string(content)))
			}
			must(t, parent.Delete(c.StateRoot, c.ID, false))
			if _, err := os.Stat(directory); !os.IsNotExist(err) {
				t.Errorf("%s is left: %v", directory, err)
			}
		})
	}
}

func everyResource(disk specs.LinuxBlockIODevice) harness.Edit {
	return func(spec *specs.Spec) {
		shares, quota, period, burst := uint64(2048), int64(20000), uint64(100000), uint64(5000)
		memory, low, swap := int64(256<<20), int64(32<<20), int64(288<<20)
		rate := func(n uint64) []specs.LinuxThrottleDevice {
			return []specs.LinuxThrottleDevice{{LinuxBlockIODevice: disk, Rate: n}}
		}
		resources := spec.Linux.Resources
		resources.CPU = &specs.LinuxCPU{Shares: &shares, Quota: &quota, Period: &period, Burst: &burst, Cpus: "0", Mems: "0"}
		resources.Memory = &specs.LinuxMemory{Limit: &memory, Reservation: &low, Swap: &swap}
		resources.BlockIO = &specs.LinuxBlockIO{ThrottleReadBpsDevice: rate(1 << 20), ThrottleWriteIOPSDevice: rate(120)}
		resources.HugepageLimits = []specs.LinuxHugepageLimit{{Pagesize: "2MB", Limit: 4 << 20}}
		resources.Unified = map[string]string{"memory.oom.group": "1"}
	}
}

// blockDevice is a whole disk on this machine.
func blockDevice(t *testing.T) specs.LinuxBlockIODevice {
	t.Helper()
	disks, err := filepath.Glob("/sys/block/*/dev")
	must(t, err)
	for _, name := range disks {
		var disk specs.LinuxBlockIODevice
		content, err := os.ReadFile(name)
		if err == nil {
			_, err = fmt.Sscanf(string(content), "%d:%d", &disk.Major, &disk.Minor)
		}
		must(t, err)
		if disk.Major != 7 { // a loop device has no queue until it has a file
			return disk
		}
	}
	t.Fatal("no disk")
	return specs.LinuxBlockIODevice{}
}

// TestCgroupThatWasThere: a cgroup that somebody else has made remains, with the device
// programs that it had and without the container's, however the container ends.
func TestCgroupThatWasThere(t *testing.T) {
	for _, test := range []struct {
		name string
		use  func(c *container)
	}{
		{"deleted", func(c *container) {
			c.create()
			equal(t, "programs with the container", 2, len(programsOf(t, c)))
			must(t, parent.Delete(c.StateRoot, c.ID, true))
		}},
		{"never created", func(c *container) {
			c.Bundle = harness.Bundle(t, withHook("createRuntime", shellHook("exit 1")), inCgroupOf(c)) // this comes after the program
			_ = c.refuse()
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := harness.Slice() + "/" + harness.ID(t)
			directory := harness.CgroupMount + path
			harness.Need(t, harness.Container...)
			must(t, os.MkdirAll(directory, 0o755))
			t.Cleanup(func() {
				must(t, os.Remove(directory))
				_ = os.Remove(filepath.Dir(directory)) // others may be using it
			})
			kept := attachProgram(t, directory)
			c := newContainer(t, harness.Args("/bin/sleep", "1000"), func(spec *specs.Spec) { spec.Linux.CgroupsPath = path })
			test.use(c)
			equal(t, "programs that are left", []uint32{kept}, programsIn(t, directory))
		})
	}
}

// inCgroupOf names another bundle's cgroup.
func inCgroupOf(c *container) harness.Edit {
	return func(spec *specs.Spec) { spec.Linux.CgroupsPath = cgroupOf(c) }
}

func cgroupOf(c *container) string {
	c.t.Helper()
	return cgroupPathOf(c.t, c.Bundle)
}

func cgroupPathOf(t *testing.T, directory string) string {
	t.Helper()
	loaded, err := bundle.Load(directory)
	must(t, err)
	return loaded.Spec.Linux.CgroupsPath
}

func programsOf(t *testing.T, c *container) []uint32 {
	t.Helper()
	return programsIn(t, harness.CgroupMount+cgroupOf(c))
}

func programsIn(t *testing.T, directory string) []uint32 {
	t.Helper()
	group, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(group)
	standing, err := devfilter.Query(group)
	must(t, err)
	var ids []uint32
	for _, program := range standing {
		ids = append(ids, program.ID)
	}
	return ids
}

// attachProgram attaches a device program that allows everything.
func attachProgram(t *testing.T, directory string) uint32 {
	t.Helper()
	instructions, err := devfilter.Compile([]specs.LinuxDeviceCgroup{{Allow: true, Access: "rwm"}})
	must(t, err)
	program, err := devfilter.Load(instructions)
	must(t, err)
	defer program.Close()
	group, err := unix.Open(directory, unix.O_RDONLY|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
	must(t, err)
	defer unix.Close(group)
	must(t, program.Attach(group))
	return program.ID()
}

// TestCreatorKilledBeforeItHadACgroup: of the directories that it was about to make, delete
// removes those that are empty. Processes in them are another's.
func TestCreatorKilledBeforeItHadACgroup(t *testing.T) {
	harness.Need(t, harness.Container...)
	root, above := t.TempDir(), harness.Slice()+"-unused"
	place := above + "/container"
	abandon := func() {
		store, err := state.Open(root)
		must(t, err)
		handle, err := store.Reserve("a", "/bundle")
		must(t, err)
		for _, directory := range []string{above, place} {
			must(t, handle.Intend(state.Intent{Step: "cgroup directory", Object: directory}))
		}
		must(t, handle.Close())
	}
	must(t, os.MkdirAll(harness.CgroupMount+place, 0o755))
	directory, err := os.Open(harness.CgroupMount + place)
	must(t, err)
	defer directory.Close()
	other := exec.Command("/bin/sleep", "1000")
	other.SysProcAttr = &syscall.SysProcAttr{UseCgroupFD: true, CgroupFD: int(directory.Fd()), Pdeathsig: syscall.SIGKILL}
	must(t, other.Start())

	abandon()
	must(t, parent.Delete(root, "a", true))
	must(t, other.Process.Signal(syscall.Signal(0)))
	if content, err := os.ReadFile(harness.CgroupMount + place + "/cgroup.procs"); strings.TrimSpace(string(content)) != strconv.Itoa(other.Process.Pid) {
		t.Errorf("in the cgroup of another: %q, %v", content, err)
	}
	must(t, other.Process.Kill())
	_ = other.Wait() // it was killed

	abandon()
	waitUntil(t, func() bool { // the kernel takes a moment to find the cgroup empty
		content, err := os.ReadFile(harness.CgroupMount + place + "/cgroup.events")
		must(t, err)
		return strings.Contains(string(content), "populated 0")
	})
	must(t, parent.Delete(root, "a", true))
	if _, err := os.Stat(harness.CgroupMount + above); !os.IsNotExist(err) {
		t.Errorf("what was made: %v", err)
	}
}

// TestCgroupOfTheNext: a container gets the cgroup of one that has ended and is not deleted
// yet. Whoever then deletes the first does not kill the second, and learns of it.
func TestCgroupOfTheNext(t *testing.T) {
	place := func(spec *specs.Spec) { spec.Linux.CgroupsPath = harness.Slice() + "/shared" }
	first, second := newContainer(t, place, harness.Args("/bin/true")), newContainer(t, place, harness.Args("/bin/sleep", "1000"))
	second.StateRoot, second.ID = first.StateRoot, second.ID+"-second"
	first.succeed()
	second.start()
	err := parent.Delete(first.StateRoot, first.ID, true)
	if err == nil || !strings.Contains(err.Error(), "that of container "+second.ID) {
		t.Errorf("while the second runs: %v", err)
	}
	equal(t, "the second", state.Running, second.status())
	must(t, parent.Delete(second.StateRoot, second.ID, true))
	must(t, parent.Delete(first.StateRoot, first.ID, true))
}
