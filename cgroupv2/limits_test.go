package cgroupv2

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// parseResources parses linux.resources as in a config.json.
func parseResources(t testing.TB, text string) *specs.LinuxResources {
	t.Helper()
	var r specs.LinuxResources
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatalf("the test's resources: %v", err)
	}
	return &r
}

// written formats settings, one per line: "file=value (path below linux.resources)".
func written(settings []Setting) []string {
	var lines []string
	for _, s := range settings {
		lines = append(lines, fmt.Sprintf("%s=%s (%s)", s.File, s.Value, strings.TrimPrefix(s.Path, resources+".")))
	}
	return lines
}

func TestComputeWrites(t *testing.T) {
	for name, test := range map[string]struct {
		resources string
		want      []string
	}{
		"nothing":       {`{}`, nil},
		"empty objects": {`{"memory":{},"cpu":{},"pids":{},"blockIO":{},"network":{}}`, nil},
		"what Docker sends": {`{"memory":{"swappiness":0,"disableOOMKiller":false},"cpu":{"shares":0},"blockIO":{"weight":0},
			"devices":[{"allow":false,"access":"rwm"}]}`, nil},
		"the specification's memory example": {
			`{"memory":{"limit":536870912,"reservation":536870912,"swap":536870912,"kernel":-1,"kernelTCP":-1,"swappiness":0,"disableOOMKiller":false}}`,
			[]string{
				"memory.low=536870912 (memory.reservation)",
				"memory.swap.max=0 (memory.swap)",
				"memory.max=536870912 (memory.limit)",
			}},
		"swap is the total less the memory": {`{"memory":{"limit":1000000,"swap":1500000}}`,
			[]string{"memory.swap.max=500000 (memory.swap)", "memory.max=1000000 (memory.limit)"}},
		"unlimited swap beside a limit": {`{"memory":{"limit":1000000,"swap":-1}}`,
			[]string{"memory.swap.max=max (memory.swap)", "memory.max=1000000 (memory.limit)"}},
		"unlimited memory lifts swap": {`{"memory":{"limit":-1}}`,
			[]string{"memory.swap.max=max (memory.limit)", "memory.max=max (memory.limit)"}},
		"unset swap":   {`{"memory":{"limit":1000000,"swap":0}}`, []string{"memory.max=1000000 (memory.limit)"}},
		"unset memory": {`{"memory":{"limit":0,"reservation":0,"swap":0}}`, nil},
		"v1 fields that ask for nothing": {`{"memory":{"kernel":0,"kernelTCP":0,"useHierarchy":true},"cpu":{"realtimeRuntime":0,"realtimePeriod":0},
			"blockIO":{"leafWeight":0},"network":{"classID":0,"priorities":[]}}`, nil},
		"cpu": {`{"cpu":{"shares":1024,"quota":50000,"period":100000,"burst":10000,"cpus":"0-1","mems":"0"}}`,
			[]string{
				"cpu.weight=100 (cpu.shares)",
				"cpu.max=50000 100000 (cpu.quota)",
				"cpu.max.burst=10000 (cpu.burst)",
				"cpuset.cpus=0-1 (cpu.cpus)",
				"cpuset.mems=0 (cpu.mems)",
			}},
		"quota alone keeps the period":    {`{"cpu":{"quota":50000}}`, []string{"cpu.max=50000 (cpu.quota)"}},
		"a negative quota is no limit":    {`{"cpu":{"quota":-1,"period":50000}}`, []string{"cpu.max=max 50000 (cpu.quota)"}},
		"period alone":                    {`{"cpu":{"period":50000}}`, []string{"cpu.max=max 50000 (cpu.period)"}},
		"zero quota and period are unset": {`{"cpu":{"quota":0,"period":0}}`, nil},
		"idle wins over shares":           {`{"cpu":{"idle":1,"shares":512}}`, []string{"cpu.idle=1 (cpu.idle)"}},
		"not idle, then the weight": {`{"cpu":{"idle":0,"shares":2}}`,
			[]string{"cpu.idle=0 (cpu.idle)", "cpu.weight=1 (cpu.shares)"}},
		"pids":           {`{"pids":{"limit":32771}}`, []string{"pids.max=32771 (pids.limit)"}},
		"zero pids":      {`{"pids":{"limit":0}}`, []string{"pids.max=0 (pids.limit)"}},
		"unlimited pids": {`{"pids":{"limit":-1}}`, []string{"pids.max=max (pids.limit)"}},
		"block io": {`{"blockIO":{"weight":500,
			"weightDevice":[{"major":8,"minor":0,"weight":10},{"major":8,"minor":16,"weight":1000}],
			"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":600}],
			"throttleWriteBpsDevice":[{"major":8,"minor":0,"rate":0}],
			"throttleReadIOPSDevice":[{"major":8,"minor":16,"rate":1}],
			"throttleWriteIOPSDevice":[{"major":8,"minor":16,"rate":300}]}}`,
			[]string{
				"io.bfq.weight=default 500 (blockIO.weight)",
				"io.bfq.weight=8:0 10 (blockIO.weightDevice[0].weight)",
				"io.bfq.weight=8:16 1000 (blockIO.weightDevice[1].weight)",
				"io.max=8:0 rbps=600 (blockIO.throttleReadBpsDevice[0].rate)",
				"io.max=8:0 wbps=max (blockIO.throttleWriteBpsDevice[0].rate)",
				"io.max=8:16 riops=1 (blockIO.throttleReadIOPSDevice[0].rate)",
				"io.max=8:16 wiops=300 (blockIO.throttleWriteIOPSDevice[0].rate)",
			}},
		"huge pages": {`{"hugepageLimits":[{"pageSize":"2MB","limit":209715200},{"pageSize":"64KB","limit":18446744073709551615}]}`,
			[]string{
				"hugetlb.2MB.max=209715200 (hugepageLimits[0].limit)",
				"hugetlb.2MB.rsvd.max=209715200 (hugepageLimits[0].limit)",
				"hugetlb.64KB.max=9223372036854775807 (hugepageLimits[1].limit)",
				"hugetlb.64KB.rsvd.max=9223372036854775807 (hugepageLimits[1].limit)",
			}},
		"rdma, sorted": {`{"rdma":{"mlx5_1":{"hcaHandles":3,"hcaObjects":10000},"mlx4_0":{"hcaObjects":1000}}}`,
			[]string{
				`rdma.max=mlx4_0 hca_object=1000 (rdma["mlx4_0"])`,
				`rdma.max=mlx5_1 hca_handle=3 hca_object=10000 (rdma["mlx5_1"])`,
			}},
		"rdma without a limit": {`{"rdma":{"mlx4_0":{"hcaHandles":4294967295,"hcaObjects":2147483646}}}`,
			[]string{`rdma.max=mlx4_0 hca_handle=max hca_object=2147483646 (rdma["mlx4_0"])`}},
		"unified, last and by line": {`{"pids":{"limit":5},"unified":{"memory.high":"4096","cgroup.max.depth":"3",
			"io.max":"259:0 rbps=2097152 wiops=120\n253:0 rbps=2097152\n"}}`,
			[]string{
				"pids.max=5 (pids.limit)",
				`cgroup.max.depth=3 (unified["cgroup.max.depth"])`,
				`io.max=259:0 rbps=2097152 wiops=120 (unified["io.max"])`,
				`io.max=253:0 rbps=2097152 (unified["io.max"])`,
				`memory.high=4096 (unified["memory.high"])`,
			}},
		"unified replaces what another field asked": {`{"memory":{"limit":8192,"swap":8192},"unified":{"memory.swap.max":"4096"}}`,
			[]string{"memory.max=8192 (memory.limit)", `memory.swap.max=4096 (unified["memory.swap.max"])`}},
		"unified adds to a file of lines": {`{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":6}]},"unified":{"io.max":"8:0 wbps=7"}}`,
			[]string{"io.max=8:0 rbps=6 (blockIO.throttleReadBpsDevice[0].rate)", `io.max=8:0 wbps=7 (unified["io.max"])`}},
		"unknown files are written": {`{"unified":{"future.limit":"1"}}`, []string{`future.limit=1 (unified["future.limit"])`}},
	} {
		t.Run(name, func(t *testing.T) {
			limits, err := Compute(parseResources(t, test.resources))
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, written(limits.Settings())); diff != "" {
				t.Errorf("settings (-want +got):\n%s", diff)
			}
		})
	}
}

func TestComputeRefuses(t *testing.T) {
	for _, test := range []struct {
		resources string
		path      string // the JSON path that the error must name
		mentions  string
	}{
		{`{"memory":{"limit":-5}}`, "linux.resources.memory.limit: -5", "-1 for no limit"},
		{`{"memory":{"reservation":-2}}`, "linux.resources.memory.reservation: -2", "-1 for no limit"},
		{`{"memory":{"limit":4096,"swap":-2}}`, "linux.resources.memory.swap: -2", "-1 for no limit"},
		{`{"memory":{"swap":4096}}`, "linux.resources.memory.swap: 4096", "memory.limit must be set"},
		{`{"memory":{"limit":-1,"swap":4096}}`, "linux.resources.memory.swap: 4096", "memory.limit must be set"},
		{`{"memory":{"limit":8192,"swap":4096}}`, "linux.resources.memory.swap: 4096", "at least linux.resources.memory.limit (8192)"},
		{`{"memory":{"kernel":4096}}`, "linux.resources.memory.kernel: 4096", "cgroup v2"},
		{`{"memory":{"kernelTCP":4096}}`, "linux.resources.memory.kernelTCP: 4096", "cgroup v2"},
		{`{"memory":{"swappiness":60}}`, "linux.resources.memory.swappiness: 60", "cgroup v2"},
		{`{"memory":{"disableOOMKiller":true}}`, "linux.resources.memory.disableOOMKiller: true", "oomScoreAdj"},
		{`{"memory":{"useHierarchy":false}}`, "linux.resources.memory.useHierarchy: false", "hierarchically"},
		{`{"cpu":{"quota":999}}`, "linux.resources.cpu.quota: 999", "at least 1000"},
		{`{"cpu":{"period":999}}`, "linux.resources.cpu.period: 999", "1000…1000000"},
		{`{"cpu":{"period":1000001}}`, "linux.resources.cpu.period: 1000001", "1000…1000000"},
		{`{"cpu":{"quota":5000,"burst":5001}}`, "linux.resources.cpu.burst: 5001", "at most linux.resources.cpu.quota (5000)"},
		{`{"cpu":{"idle":2}}`, "linux.resources.cpu.idle: 2", "0 (normal) or 1"},
		{`{"cpu":{"realtimeRuntime":950000}}`, "linux.resources.cpu.realtimeRuntime: 950000", "cgroup v2"},
		{`{"cpu":{"realtimePeriod":1000000}}`, "linux.resources.cpu.realtimePeriod: 1000000", "cgroup v2"},
		{`{"cpu":{"cpus":"0-"}}`, `linux.resources.cpu.cpus: "0-"`, "0-3,7"},
		{`{"cpu":{"cpus":"3-1"}}`, `linux.resources.cpu.cpus: "3-1"`, "0-3,7"},
		{`{"cpu":{"cpus":"0,,1"}}`, `linux.resources.cpu.cpus: "0,,1"`, "0-3,7"},
		{`{"cpu":{"cpus":"8192"}}`, `linux.resources.cpu.cpus: "8192"`, "0…8191"},
		{`{"cpu":{"mems":"0\n1"}}`, `linux.resources.cpu.mems: "0\n1"`, "0-3,7"},
		{`{"pids":{"limit":-2}}`, "linux.resources.pids.limit: -2", "-1 for no limit"},
		{`{"pids":{"limit":4194305}}`, "linux.resources.pids.limit: 4194305", "0…4194304"},
		{`{"blockIO":{"weight":9}}`, "linux.resources.blockIO.weight: 9", "10…1000"},
		{`{"blockIO":{"weight":1001}}`, "linux.resources.blockIO.weight: 1001", "10…1000"},
		{`{"blockIO":{"leafWeight":10}}`, "linux.resources.blockIO.leafWeight: 10", "CFQ"},
		{`{"blockIO":{"weightDevice":[{"major":8,"minor":0}]}}`, "linux.resources.blockIO.weightDevice[0]", "without a weight"},
		{`{"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":10,"leafWeight":10}]}}`, "linux.resources.blockIO.weightDevice[0].leafWeight: 10", "CFQ"},
		{`{"blockIO":{"weightDevice":[{"major":8,"minor":0,"weight":10},{"major":8,"minor":0,"weight":20}]}}`, "linux.resources.blockIO.weightDevice[1]: 8:0", "name it once"},
		{`{"blockIO":{"throttleReadBpsDevice":[{"major":-1,"minor":0,"rate":1}]}}`, "linux.resources.blockIO.throttleReadBpsDevice[0]: -1:0", "0…4095:0…1048575"},
		{`{"hugepageLimits":[{"pageSize":"3XB","limit":1}]}`, `linux.resources.hugepageLimits[0].pageSize: "3XB"`, "2MB"},
		{`{"hugepageLimits":[{"pageSize":"../2MB","limit":1}]}`, `linux.resources.hugepageLimits[0].pageSize: "../2MB"`, "2MB"},
		{`{"hugepageLimits":[{"pageSize":"02MB","limit":1}]}`, `linux.resources.hugepageLimits[0].pageSize: "02MB"`, "2MB"},
		{`{"hugepageLimits":[{"pageSize":"2MB","limit":1},{"pageSize":"2MB","limit":2}]}`, `linux.resources.hugepageLimits[1].pageSize: "2MB"`, "name it once"},
		{`{"rdma":{"a b":{"hcaHandles":1}}}`, `linux.resources.rdma: "a b"`, "without spaces"},
		{`{"rdma":{"mlx":{}}}`, `linux.resources.rdma["mlx"]`, "hcaHandles"},
		{`{"network":{"classID":1048577}}`, "linux.resources.network.classID: 1048577", "firewall"},
		{`{"network":{"priorities":[{"name":"eth0","priority":5}]}}`, "linux.resources.network.priorities: eth0", "firewall"},
		{`{"unified":{"../memory.max":"1"}}`, `linux.resources.unified: "../memory.max"`, "the name of one cgroup file"},
		{`{"unified":{"../x":"1"}}`, `linux.resources.unified: "../x"`, "the name of one cgroup file"},
		{`{"unified":{"memory..max":"1"}}`, `linux.resources.unified: "memory..max"`, "the name of one cgroup file"},
		{`{"unified":{"sub/memory.max":"1"}}`, `linux.resources.unified: "sub/memory.max"`, "the name of one cgroup file"},
		{`{"unified":{"memory":"1"}}`, `linux.resources.unified: "memory"`, "the name of one cgroup file"},
		{`{"unified":{".max":"1"}}`, `linux.resources.unified: ".max"`, "the name of one cgroup file"},
		{`{"unified":{"":"1"}}`, `linux.resources.unified: ""`, "the name of one cgroup file"},
		{`{"unified":{"cgroup.kill":"1"}}`, `linux.resources.unified: "cgroup.kill"`, "the runtime itself"},
		{`{"unified":{"cgroup.freeze":"1"}}`, `linux.resources.unified: "cgroup.freeze"`, "the runtime itself"},
		{`{"unified":{"memory.max":"a\u0000b"}}`, `linux.resources.unified["memory.max"]`, "without NUL"},
	} {
		_, err := Compute(parseResources(t, test.resources))
		var refused *ValueError
		if !errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a ValueError", test.resources, err)
			continue
		}
		if !strings.HasPrefix(err.Error(), test.path) || !strings.Contains(err.Error(), test.mentions) {
			t.Errorf("%s: the error is %q, want it to begin with %q and to mention %q", test.resources, err, test.path, test.mentions)
		}
	}
}

func TestComputeBounds(t *testing.T) {
	many := make([]specs.LinuxThrottleDevice, maxSettings+1)
	for i := range many {
		many[i] = specs.LinuxThrottleDevice{Rate: 1}
		many[i].Minor = int64(i)
	}
	long := strings.Repeat("1", maxUnifiedLine+1)
	for name, r := range map[string]*specs.LinuxResources{
		"too many settings": {BlockIO: &specs.LinuxBlockIO{ThrottleReadBpsDevice: many}},
		"a long line":       {Unified: map[string]string{"io.max": long}},
		"a long value":      {Unified: map[string]string{"io.max": strings.Repeat("1\n", maxUnifiedValue)}},
		"a long name":       {Unified: map[string]string{"io." + long: "1"}},
		"a long set":        {CPU: &specs.LinuxCPU{Cpus: strings.Repeat("0,", maxListBytes) + "0"}},
	} {
		if _, err := Compute(r); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}

// TestTooManySettingsNameTheirPlace: the error names the first setting beyond the limit.
func TestTooManySettingsNameTheirPlace(t *testing.T) {
	lines := strings.Repeat("max\n", maxSettings)
	for _, test := range []struct{ lines, place string }{
		{lines, ""},
		{lines + "max", `linux.resources.unified["memory.high"]`},
	} {
		_, err := Compute(&specs.LinuxResources{Unified: map[string]string{"memory.high": test.lines}})
		var refused *ValueError
		if errors.As(err, &refused) != (test.place != "") || refused != nil && refused.Path != test.place {
			t.Errorf("%d lines: %v; want one about %q", strings.Count(test.lines, "max"), err, test.place)
		}
	}
}

func TestControllers(t *testing.T) {
	limits, err := Compute(parseResources(t, `{"cpu":{"shares":2,"quota":5000,"cpus":"0"},"pids":{"limit":1},"memory":{"limit":4096},
		"unified":{"cgroup.max.depth":"1","cpu.uclamp.max":"50","memory.high":"4096","misc.max":"res_a 1"}}`))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"cpu", "cpuset", "pids", "memory", "misc"}
	if diff := cmp.Diff(want, limits.Controllers()); diff != "" {
		t.Errorf("controllers (-want +got):\n%s", diff)
	}
}

// The fixed points are those of the published formula. According to its announcement, 2000
// shares are 170.
func TestWeightOfShares(t *testing.T) {
	for shares, want := range map[uint64]uint64{
		1: 1, 2: 1, 3: 2, 1024: 100, 2000: 170, 262143: 10000, 262144: 10000, math.MaxUint64: 10000,
	} {
		if got := weightOfShares(shares); got != want {
			t.Errorf("weightOfShares(%d) = %d, want %d", shares, got, want)
		}
	}
	for shares := uint64(2); shares < 1<<18; shares++ {
		if weightOfShares(shares) > weightOfShares(shares+1) {
			t.Fatalf("the weight falls from %d to %d shares", shares, shares+1)
		}
	}
}

func TestChecksOfWhatStands(t *testing.T) {
	for _, test := range []struct {
		name       string
		check      func(asked, got string) bool
		asked, got string
		want       bool
	}{
		{"equal", roundedDown(4096), "8192", "8192", true},
		{"rounded down", roundedDown(4096), "8193", "8192", true},
		{"a page too low", roundedDown(4096), "12288", "8192", false},
		{"higher than asked", roundedDown(4096), "8192", "12288", false},
		{"no limit instead of one", roundedDown(4096), "8192", "max", false},
		{"a limit instead of none", roundedDown(4096), "max", "8192", false},
		{"beyond what the kernel counts", roundedDown(4096), "9223372036854771712", "max", true},
		{"the same set", sameList, "0,1,2", "0-2", true},
		{"another set", sameList, "0,1", "0-2", false},
		{"no set", sameList, "0,1", "", false},
		{"one value of the line", standsAmong, "8:0 rbps=600", "8:0 rbps=600 wbps=max riops=max wiops=max", true},
		{"another value", standsAmong, "8:0 rbps=600", "8:0 rbps=700 wbps=max riops=max wiops=max", false},
		{"another device", standsAmong, "8:0 rbps=600", "8:1 rbps=600 wbps=max riops=max wiops=max", false},
		{"a limit not shown", standsAmong, "8:0 rbps=600", "", false},
		{"no limit, not shown", standsAmong, "8:0 rbps=max", "", true},
	} {
		if got := test.check(test.asked, test.got); got != test.want {
			t.Errorf("%s: asked %q, shows %q: %v", test.name, test.asked, test.got, got)
		}
	}
}

// FuzzCompute: whatever the config says, every setting is for a file directly in the group
// and within the bounds, and every error names a JSON path.
func FuzzCompute(f *testing.F) {
	f.Add(`{"memory":{"limit":1000000,"swap":1500000},"cpu":{"shares":1024,"quota":50000,"cpus":"0-1"}}`)
	f.Add(`{"pids":{"limit":0},"hugepageLimits":[{"pageSize":"2MB","limit":1}],"unified":{"../x":"1"}}`)
	f.Add(`{"unified":{"io.max":"8:0 rbps=1\n8:1 rbps=2","cgroup.procs":"1"},"rdma":{"a/b":{"hcaHandles":1}}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var r specs.LinuxResources
		if json.Unmarshal([]byte(text), &r) != nil {
			return
		}
		limits, err := Compute(&r)
		if err != nil {
			var refused *ValueError
			if !errors.As(err, &refused) || !strings.HasPrefix(refused.Path, resources) {
				t.Fatalf("%v does not name a JSON path", err)
			}
			return
		}
		for _, s := range limits.Settings() {
			if strings.ContainsAny(s.File, "/\x00\n") || strings.Contains(s.File, "..") || len(s.Value) > maxUnifiedLine {
				t.Fatalf("setting %q = %q", s.File, s.Value)
			}
		}
	})
}
