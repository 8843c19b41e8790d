package main

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/cgroupv2"
)

func TestStatsJSON(t *testing.T) {
	stats := &cgroupv2.Stats{
		CPU: &cgroupv2.CPUStats{Usage: 3, User: 2, System: 1, Periods: 9, Throttled: 8, Waited: 7},
		Memory: &cgroupv2.MemoryStats{Current: 100, Peak: 200, Limit: 300, SwapCurrent: 10, SwapLimit: 50,
			Events: cgroupv2.MemoryEvents{Max: 4}, Stat: map[string]uint64{"file": 5}},
		Pids:     &cgroupv2.PidsStats{Current: 2, Limit: cgroupv2.Unlimited},
		IO:       map[string]cgroupv2.IOStats{"8:16": {Reads: 1}, "8:0": {ReadBytes: 1, WrittenBytes: 2, DiscardBytes: 3, Reads: 4, Writes: 5, DiscardsCount: 6}},
		Hugetlb:  map[string]cgroupv2.HugetlbStats{"2MB": {Current: 6, Refused: 1}},
		Pressure: map[string]cgroupv2.PSI{"cpu": {Some: cgroupv2.Pressure{Avg10: 1.5, Total: 9}}},
	}
	got, err := json.Marshal(eventJSON{"stats", "web", statsOf(stats)})
	if err != nil {
		t.Fatal(err)
	}
	want := `{"type":"stats","id":"web","data":{` +
		`"cpu":{"usage":{"total":3000,"kernel":1000,"user":2000},"throttling":{"periods":9,"throttledPeriods":8,"throttledTime":7000},` +
		`"psi":{"some":{"avg10":1.5,"avg60":0,"avg300":0,"total":9},"full":{"avg10":0,"avg60":0,"avg300":0,"total":0}}},` +
		`"memory":{"cache":5,"usage":{"limit":300,"usage":100,"max":200,"failcnt":4},"swap":{"limit":350,"usage":110,"max":0,"failcnt":0},"raw":{"file":5}},` +
		`"pids":{"current":2,"limit":0},` +
		`"blkio":{"ioServiceBytesRecursive":[{"major":8,"minor":0,"op":"Read","value":1},{"major":8,"minor":0,"op":"Write","value":2},{"major":8,"minor":0,"op":"Discard","value":3},` +
		`{"major":8,"minor":16,"op":"Read","value":0},{"major":8,"minor":16,"op":"Write","value":0},{"major":8,"minor":16,"op":"Discard","value":0}],` +
		`"ioServicedRecursive":[{"major":8,"minor":0,"op":"Read","value":4},{"major":8,"minor":0,"op":"Write","value":5},{"major":8,"minor":0,"op":"Discard","value":6},` +
		`{"major":8,"minor":16,"op":"Read","value":1},{"major":8,"minor":16,"op":"Write","value":0},{"major":8,"minor":16,"op":"Discard","value":0}]},` +
		`"hugetlb":{"2MB":{"usage":6,"failcnt":1}}}}`
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Error(diff)
	}
}
