package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

func commit(t *testing.T, g *Group, l Limits) []Setting {
	t.Helper()
	stands, err := g.Commit(l)
	if err != nil {
		t.Fatal(err)
	}
	return stands
}

func TestCommitHugetlb(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"hugepageLimits":[{"pageSize":"2MB","limit":5000000}],"unified":{"cgroup.max.depth":"3"}}`)
	g := create(t, tree, base(t), limits)
	want := []string{
		"hugetlb.2MB.max=4194304 (hugepageLimits[0].limit)", // two pages
		"hugetlb.2MB.rsvd.max=4194304 (hugepageLimits[0].limit)",
		`cgroup.max.depth=3 (unified["cgroup.max.depth"])`,
	}
	if diff := cmp.Diff(want, written(commit(t, g, limits))); diff != "" {
		t.Errorf("what stands (-want +got):\n%s", diff)
	}
	stats, err := g.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if got := stats.Hugetlb["2MB"]; got.Limit != 4194304 {
		t.Errorf("statistics say %+v", got)
	}
}

func TestCommitToAReadOnlyFile(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	_, err := g.Commit(compute(t, `{"unified":{"cgroup.events":"1"}}`))
	if err == nil || !strings.Contains(err.Error(), "lets nobody write") {
		t.Errorf("got %v, want a refusal that says why", err)
	}
}

// A failure restores every file to what it was.
func TestCommitIsAllOrNothing(t *testing.T) {
	tree := openTree(t)
	before := compute(t, `{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}`)
	g := create(t, tree, base(t), before)
	commit(t, g, before)
	for resources, names := range map[string]string{
		`{"hugepageLimits":[{"pageSize":"2MB","limit":0}],"unified":{"cgroup.max.depth":"deep"}}`:        `unified["cgroup.max.depth"]`,
		`{"hugepageLimits":[{"pageSize":"2MB","limit":0}],"unified":{"cgroup.nothing":"1"}}`:             `unified["cgroup.nothing"]`,
		`{"hugepageLimits":[{"pageSize":"2MB","limit":0},{"pageSize":"3KB","limit":0}]}`:                 "hugepageLimits[1].limit",
		`{"hugepageLimits":[{"pageSize":"2MB","limit":0}],"unified":{"cgroup.events":"1"}}`:              `unified["cgroup.events"]`,
		`{"hugepageLimits":[{"pageSize":"2MB","limit":0}],"unified":{"hugetlb.2MB.rsvd.max":"nothing"}}`: `unified["hugetlb.2MB.rsvd.max"]`,
	} {
		stands, err := g.Commit(compute(t, resources))
		var setting *SettingError
		if !errors.As(err, &setting) || !strings.HasPrefix(err.Error(), "linux.resources."+names) || stands != nil {
			t.Errorf("%s: got %v, %v; want a refusal of %s", resources, stands, err, names)
		}
		for _, file := range []string{"hugetlb.2MB.max", "hugetlb.2MB.rsvd.max"} {
			if got := content(t, g, file); got != "4194304\n" {
				t.Errorf("%s: %s is %q afterwards", resources, file, got)
			}
		}
		if got := content(t, g, "cgroup.max.depth"); got != "max\n" {
			t.Errorf("%s: cgroup.max.depth is %q afterwards", resources, got)
		}
	}
}

// TestResolve: the settings name the files that this kernel has.
func TestResolve(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"hugepageLimits":[{"pageSize":"2MB","limit":0},{"pageSize":"3KB","limit":0}]}`)
	g := create(t, tree, base(t), limits)
	settings, err := g.Resolve(limits)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{ // the optional hugetlb.3KB.rsvd.max does not exist; the other is left to be refused
		"hugetlb.2MB.max=0 (hugepageLimits[0].limit)", "hugetlb.2MB.rsvd.max=0 (hugepageLimits[0].limit)",
		"hugetlb.3KB.max=0 (hugepageLimits[1].limit)",
	}
	if diff := cmp.Diff(want, written(settings)); diff != "" {
		t.Errorf("what will be written (-want +got):\n%s", diff)
	}
}

func TestMissingFilesNameWhatThereIs(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"hugepageLimits":[{"pageSize":"3KB","limit":0}]}`)
	g := create(t, tree, base(t), limits)
	if _, err := g.Commit(limits); !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "hugetlb.2MB.max") {
		t.Errorf("got %v, want one that names the sizes there are", err)
	}
}

// On a host where cgroup v1 holds the controllers, the error says where they are.
func TestControllerBoundToV1(t *testing.T) {
	tree := openTree(t)
	mounts, err := cgroupMounts()
	if err != nil {
		t.Fatal(err)
	}
	index := slices.IndexFunc(mounts, func(m mount) bool {
		return m.kind == "cgroup" && slices.Contains(strings.Split(m.options, ","), "pids")
	})
	if index < 0 {
		t.Skip("native only: no cgroup v1 hierarchy holds the pids controller")
	}
	limits := compute(t, `{"pids":{"limit":1}}`)
	_, err = tree.Create(base(t), limits)
	var missing *ControllerError
	if !errors.As(err, &missing) || missing.Binding != BoundToV1 || missing.Where != mounts[index].point || missing.Controller != "pids" {
		t.Fatalf("got %v, want a ControllerError that names %s", err, mounts[index].point)
	}
	for _, word := range []string{"linux.resources.pids.limit", "pids controller", mounts[index].point, "cgroup_no_v1=pids"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("the message %q does not mention %q", err, word)
		}
	}
	if exists(t, tree, base(t)) {
		t.Error("the refused creation left a directory")
	}
}

func TestControllerThatNoKernelHas(t *testing.T) {
	tree := openTree(t)
	err := tree.Check(compute(t, `{"unified":{"future.limit":"1"}}`))
	var missing *ControllerError
	if !errors.As(err, &missing) || missing.Binding != Unknown || missing.Hint() == "" {
		t.Errorf("got %v, want an unknown controller with a remedy", err)
	}
}

func TestStatsWithoutControllers(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), Limits{})
	p := start(t, g, "wait")
	p.input.Close()
	if err := p.Wait(); err != nil {
		t.Fatal(err)
	}
	stats, err := g.Stats()
	if err != nil {
		t.Fatal(err)
	}
	// The kernel rounds each part of the sum.
	const rounding = 2
	if stats.CPU == nil || stats.CPU.Usage == 0 || stats.CPU.User+stats.CPU.System+rounding < stats.CPU.Usage {
		t.Errorf("cpu.stat, which every group has: %+v", stats.CPU)
	}
	if _, err := g.MemoryEvents(); err != nil {
		t.Error(err)
	}
}

// From here on the tests need controllers that only a pure cgroup v2 tree has.

func TestCommitEverything(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{
		"cpu":{"shares":1024,"quota":50000,"period":100000,"burst":10000,"cpus":"0","mems":"0"},
		"pids":{"limit":7},
		"memory":{"limit":33554433,"reservation":1048576,"swap":67108866},
		"unified":{"memory.high":"16777216","memory.min":"max","memory.oom.group":"1"}}`)
	g := create(t, tree, base(t)+"/a/b", limits)
	want := []string{
		"cpu.weight=100 (cpu.shares)",
		"cpu.max=50000 100000 (cpu.quota)",
		"cpu.max.burst=10000 (cpu.burst)",
		"cpuset.cpus=0 (cpu.cpus)",
		"cpuset.mems=0 (cpu.mems)",
		"pids.max=7 (pids.limit)",
		"memory.low=1048576 (memory.reservation)",
		"memory.swap.max=33554432 (memory.swap)", // 33554433 in whole pages
		"memory.max=33554432 (memory.limit)",
		`memory.high=16777216 (unified["memory.high"])`,
		`memory.min=max (unified["memory.min"])`,
		`memory.oom.group=1 (unified["memory.oom.group"])`,
	}
	if diff := cmp.Diff(want, written(commit(t, g, limits))); diff != "" {
		t.Errorf("what stands (-want +got):\n%s", diff)
	}
	stats, err := g.Stats()
	if err != nil {
		t.Fatal(err)
	}
	if stats.Pids == nil || stats.Pids.Limit != 7 || stats.Memory == nil || stats.Memory.Limit != 33554432 || stats.Memory.SwapLimit != 33554432 || len(stats.Memory.Stat) < 10 {
		t.Errorf("statistics: %+v, %+v", stats.Pids, stats.Memory)
	}

	// A failed update changes nothing, even if several controllers were involved.
	update := compute(t, `{"cpu":{"shares":2,"quota":20000,"burst":0},"pids":{"limit":3},"memory":{"limit":-1},"unified":{"memory.high":"much"}}`)
	if _, err := g.Commit(update); err == nil || !strings.HasPrefix(err.Error(), `linux.resources.unified["memory.high"]`) {
		t.Errorf("got %v", err)
	}
	for _, s := range want {
		file, rest, _ := strings.Cut(s, "=")
		value, _, _ := strings.Cut(rest, " (")
		if got := strings.TrimSpace(content(t, g, file)); got != value {
			t.Errorf("%s is %q after the failed update, was %q", file, got, value)
		}
	}
}

func TestUpdateOfBandwidth(t *testing.T) {
	tree := openTree(t)
	var g *Group
	for _, step := range []struct{ resources, max, burst string }{
		{`{"cpu":{"quota":50000,"burst":50000}}`, "50000 100000", "50000"},
		{`{"cpu":{"quota":20000,"burst":10000}}`, "20000 100000", "10000"}, // below the current burst
		{`{"cpu":{"quota":90000,"burst":80000,"period":200000}}`, "90000 200000", "80000"},
		{`{"cpu":{"quota":-1}}`, "max 200000", "80000"},
	} {
		limits := compute(t, step.resources)
		if g == nil {
			g = create(t, tree, base(t), limits)
		}
		commit(t, g, limits)
		if max, burst := content(t, g, "cpu.max"), content(t, g, "cpu.max.burst"); max != step.max+"\n" || burst != step.burst+"\n" {
			t.Errorf("%s: cpu.max is %q, cpu.max.burst %q", step.resources, max, burst)
		}
	}
}

func TestCommitIdle(t *testing.T) {
	tree := openTree(t)
	idle := compute(t, `{"cpu":{"idle":1,"shares":2048}}`)
	g := create(t, tree, base(t), idle)
	for range 2 {
		commit(t, g, idle)
	}
	commit(t, g, compute(t, `{"cpu":{"idle":0,"shares":2048}}`))
	if got := content(t, g, "cpu.weight"); got != fmt.Sprintln(weightOfShares(2048)) {
		t.Errorf("cpu.weight is %q", got)
	}
}

// TestTakenBackIdleKeepsTheWeight: the kernel forgets the weight of an idle group;
// reverting an update must restore it.
func TestTakenBackIdleKeepsTheWeight(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), compute(t, `{"cpu":{"shares":2048}}`))
	commit(t, g, compute(t, `{"cpu":{"shares":2048}}`))
	want := content(t, g, "cpu.weight")
	stands := func(when string) {
		t.Helper()
		if idle, weight := content(t, g, "cpu.idle"), content(t, g, "cpu.weight"); idle != "0\n" || weight != want {
			t.Errorf("%s: cpu.idle is %q, cpu.weight %q, was %q", when, idle, weight, want)
		}
	}
	if _, err := g.Commit(compute(t, `{"cpu":{"idle":1},"unified":{"cgroup.max.depth":"deep"}}`)); err == nil {
		t.Error("a depth that is no number was taken")
	}
	stands("after a refusal")
	_, undo, err := g.Update(compute(t, `{"cpu":{"idle":1}}`))
	if err == nil {
		err = undo()
	}
	if err != nil {
		t.Fatal(err)
	}
	stands("after the undoing")
}

// The kernel accepts a set that the groups above do not grant, and uses another.
func TestCommitCpusetThatIsNotGranted(t *testing.T) {
	tree := openTree(t)
	one := compute(t, `{"cpu":{"cpus":"0"}}`)
	above := create(t, tree, base(t), one)
	commit(t, above, one)
	g := create(t, tree, base(t)+"/ctr", one)
	commit(t, g, one)

	none := compute(t, `{"cpu":{"cpus":"1"}}`)
	_, err := g.Commit(none)
	var setting *SettingError
	if !errors.As(err, &setting) || setting.Setting.Path != "linux.resources.cpu.cpus" {
		t.Errorf("got %v, want a refusal of the CPU that is not granted", err)
	}
	if got := content(t, g, "cpuset.cpus"); got != "0\n" {
		t.Errorf("cpuset.cpus is %q afterwards", got)
	}
	// Fewer than asked for is still nowhere else.
	commit(t, g, compute(t, `{"cpu":{"cpus":"0-1"}}`))
}

// TestRefusedUpdateLeavesTheCpuset: once a group has a process, its cpuset cannot be
// emptied again, so nothing may fail after it is set.
func TestRefusedUpdateLeavesTheCpuset(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"cpu":{"cpus":"0"},"unified":{"cgroup.max.depth":"deep"}}`)
	g := create(t, tree, base(t), limits)
	start(t, g, "wait")
	_, err := g.Commit(limits)
	if err == nil || !strings.HasPrefix(err.Error(), `linux.resources.unified["cgroup.max.depth"]`) || strings.Contains(err.Error(), "restoring") {
		t.Errorf("got %v, want a refusal of cgroup.max.depth and nothing to restore", err)
	}
	if got := content(t, g, "cpuset.cpus"); got != "\n" {
		t.Errorf("cpuset.cpus is %q afterwards", got)
	}
}

// An update may need a controller that was not enabled when the group was made.
func TestCommitEnablesControllers(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"cpu":{"mems":"0"}}`)
	if err := tree.Check(limits); err != nil {
		absent(t, err.Error())
	}
	g := create(t, tree, base(t)+"/a", Limits{})
	if strings.Contains(content(t, g, "cgroup.controllers"), "cpuset") {
		t.Fatal("cpuset is enabled without need")
	}
	commit(t, g, limits)
}

func TestCheckBeforeUpdate(t *testing.T) {
	tree := openTree(t)
	g := create(t, tree, base(t), compute(t, `{"memory":{"limit":67108864}}`))
	p := start(t, g, "wait")
	for {
		usage, err := strconv.Atoi(strings.TrimSpace(content(t, g, "memory.current")))
		if err != nil {
			t.Fatal(err)
		}
		if usage > 65536 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	_, err := g.Commit(compute(t, `{"memory":{"limit":65536,"checkBeforeUpdate":true}}`))
	if err == nil || !strings.HasPrefix(err.Error(), "linux.resources.memory.limit") || content(t, g, "memory.max") != "max\n" {
		t.Errorf("got %v, and memory.max %q", err, content(t, g, "memory.max"))
	}
	p.input.Close()
	if err := p.Wait(); err != nil {
		t.Errorf("the process did not survive the refusal: %v", err)
	}
}

func TestCommitToAFileThatCannotBeRead(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"unified":{"memory.reclaim":"0"}}`)
	g := create(t, tree, base(t), limits)
	if stands := commit(t, g, limits); len(stands) != 1 || stands[0].Value != "0" {
		t.Errorf("what stands: %+v", stands)
	}
}

func TestMemoryLimitKills(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"memory":{"limit":33554432,"swap":33554432}}`)
	g := create(t, tree, base(t), limits)
	commit(t, g, limits)
	p := start(t, g, "eat")
	p.input.Close()
	if err := p.Wait(); err == nil {
		t.Error("the process ate more than its limit")
	}
	events, err := g.MemoryEvents()
	if err != nil || events.OOMKill != 1 {
		t.Errorf("memory.events: %+v, %v", events, err)
	}
	stats, err := g.Stats()
	// The peak includes the page that was refused.
	if err != nil || stats.Memory.Peak < 16<<20 || stats.Memory.Peak > 34<<20 {
		t.Errorf("peak: %+v, %v", stats.Memory, err)
	}
}

func TestPidsLimitRefuses(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"pids":{"limit":0}}`)
	g := create(t, tree, base(t), limits)
	commit(t, g, limits)
	p, err := os.StartProcess("/proc/self/exe", []string{"x"}, &os.ProcAttr{Sys: intoGroup(g)})
	if err == nil {
		_, _ = p.Wait()
		t.Error("a process was started in a group that may have none")
	}
	if !errors.Is(err, unix.EAGAIN) {
		t.Errorf("got %v, want EAGAIN", err)
	}
	if stats, err := g.Stats(); err != nil || stats.Pids.Refused == 0 {
		t.Errorf("pids.events: %+v, %v", stats.Pids, err)
	}
}

func TestCommitBlockIO(t *testing.T) {
	tree := openTree(t)
	major, minor := disk(t)
	device := fmt.Sprintf(`"major":%d,"minor":%d`, major, minor)
	limits := compute(t, `{"blockIO":{"throttleReadBpsDevice":[{`+device+`,"rate":1048576}],"throttleWriteIOPSDevice":[{`+device+`,"rate":120}]}}`)
	g := create(t, tree, base(t), limits)
	stands := commit(t, g, limits)
	want := fmt.Sprintf("%d:%d rbps=1048576 wbps=max riops=max wiops=120", major, minor)
	if len(stands) != 2 || stands[1].Value != want {
		t.Errorf("what stands: %+v, want %q at last", stands, want)
	}
	// A failure also reverts the lines.
	bad := compute(t, `{"blockIO":{"throttleReadBpsDevice":[{`+device+`,"rate":5}]},"unified":{"io.max":"4095:1 rbps=1"}}`)
	if _, err := g.Commit(bad); !errors.Is(err, unix.ENODEV) || !strings.Contains(err.Error(), "lsblk") {
		t.Errorf("got %v, want ENODEV with a remedy", err)
	}
	if got := strings.TrimSpace(content(t, g, "io.max")); got != want {
		t.Errorf("io.max is %q afterwards, was %q", got, want)
	}
	commit(t, g, compute(t, `{"blockIO":{"throttleReadBpsDevice":[{`+device+`,"rate":0}],"throttleWriteIOPSDevice":[{`+device+`,"rate":0}]}}`))
	if got := content(t, g, "io.max"); got != "" {
		t.Errorf("io.max is %q after lifting all", got)
	}
}

// The kernel has one of two weights. Either takes the value on its own scale.
func TestCommitIOWeight(t *testing.T) {
	tree := openTree(t)
	limits := compute(t, `{"blockIO":{"weight":500}}`)
	g := create(t, tree, base(t), limits)
	want := map[bool]Setting{
		true:  {File: "io.bfq.weight", Value: "default 500", Path: "linux.resources.blockIO.weight"},
		false: {File: "io.weight", Value: "default 4950", Path: "linux.resources.blockIO.weight"},
	}[g.dir.has("io.bfq.weight")]
	resolved, err := g.Resolve(limits)
	if err != nil || len(resolved) != 1 || g.dir.has(resolved[0].File) && resolved[0] != want {
		t.Errorf("what will be written is %+v, %v; want %+v", resolved, err, want)
	}
	stands, err := g.Commit(limits)
	if !g.dir.has("io.bfq.weight") && !g.dir.has("io.weight") {
		if !errors.Is(err, unix.ENOENT) || !strings.Contains(err.Error(), "io.weight") {
			t.Errorf("without both files: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Setting{want}, stands); diff != "" {
		t.Errorf("what stands (-want +got):\n%s", diff)
	}
}

func BenchmarkCreateCommitDelete(b *testing.B) {
	tree, err := Find()
	if err != nil {
		b.Skip(err)
	}
	defer tree.Close()
	limits, err := Compute(parseResources(b, `{"hugepageLimits":[{"pageSize":"2MB","limit":4194304}]}`))
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		g, err := tree.Create(fmt.Sprintf("fsrun-bench-%d", os.Getpid()), limits)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := g.Commit(limits); err != nil {
			b.Fatal(err)
		}
		if err := g.Delete(context.Background()); err != nil {
			b.Fatal(err)
		}
	}
}
