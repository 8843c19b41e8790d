package systemd

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/cgroupv2"
)

func TestProperties(t *testing.T) {
	for setting, want := range map[string]string{
		"pids.max 1":                       "TasksMax @t 1",
		"pids.max 0":                       "TasksMax @t 1",
		"pids.max max":                     "TasksMax @t 18446744073709551615",
		"memory.max 67108864":              "MemoryMax @t 67108864",
		"memory.low 0":                     "MemoryLow @t 0",
		"memory.swap.max 0":                "MemorySwapMax @t 0",
		"memory.zswap.max 4096":            "MemoryZSwapMax @t 4096",
		"cpu.weight 100":                   "CPUWeight @t 100",
		"cpu.idle 1":                       "CPUWeight @t 0",
		"cpu.idle 0":                       "CPUWeight @t 18446744073709551615",
		"cpu.max max":                      "CPUQuotaPerSecUSec @t 18446744073709551615",
		"cpu.max 20000 100000":             "CPUQuotaPerSecUSec @t 200000, CPUQuotaPeriodUSec @t 100000",
		"cpu.max 1000 1000000":             "CPUQuotaPerSecUSec @t 10000, CPUQuotaPeriodUSec @t 1000000",
		"cpu.max 12345 100000":             "CPUQuotaPerSecUSec @t 130000, CPUQuotaPeriodUSec @t 100000",
		"cpu.max 250000":                   "CPUQuotaPerSecUSec @t 2500000",
		"cpuset.cpus 0-3,9":                "AllowedCPUs @ay [0xf, 0x2]",
		"cpuset.mems 0":                    "AllowedMemoryNodes @ay [0x1]",
		"io.weight 200":                    "IOWeight @t 200",
		"io.weight default 300":            "IOWeight @t 300",
		"io.weight 8:0 300":                "",
		"io.bfq.weight 500":                "IOWeight @t 4500",
		"io.bfq.weight default 50":         "IOWeight @t 50",
		"io.bfq.weight 1000":               "IOWeight @t 10000",
		"io.bfq.weight 8:0 50":             "",
		"io.max 8:0 rbps=1000":             "",
		"memory.oom.group 1":               "",
		"hugetlb.2MB.max 0":                "",
		"cpuset.cpus 1-0":                  "error",
		"cpuset.cpus 0-4294967295":         "error",
		"cpu.max 1 0":                      "error",
		"cpu.max x":                        "error",
		"memory.max 1T":                    "error",
		"cpu.max 9999999999999999999 1000": "error",
	} {
		file, value, _ := strings.Cut(setting, " ")
		properties, err := Properties([]cgroupv2.Setting{{File: file, Value: value, Path: "linux.resources.x"}}, 255)
		var texts []string
		for _, p := range properties {
			texts = append(texts, fmt.Sprint(p.Name, " ", p.Value))
		}
		got := strings.Join(texts, ", ")
		if err != nil {
			got = "error"
			if !strings.Contains(err.Error(), "linux.resources.x") {
				t.Errorf("%q does not say where", err)
			}
		}
		if got != want {
			t.Errorf("%s: %s, want %s", setting, got, want)
		}
	}
}

// A manager is not told what it does not support, and the last value wins.
func TestPropertiesOfOldManager(t *testing.T) {
	settings := []cgroupv2.Setting{
		{File: "cpu.idle", Value: "1"}, {File: "memory.zswap.max", Value: "0"},
		{File: "pids.max", Value: "5"}, {File: "pids.max", Value: "6"},
	}
	properties, err := Properties(settings, 249)
	if err != nil || len(properties) != 1 || fmt.Sprint(properties[0]) != "{TasksMax @t 6}" {
		t.Errorf("%v, %v", properties, err)
	}
}

// The manager is told the earlier value of what is reverted, or that there is no limit.
func TestBefore(t *testing.T) {
	settings := []cgroupv2.Setting{{File: "pids.max", Value: "1"}, {File: "cpuset.cpus", Value: "0"}, {File: "memory.low", Value: "1"}, {File: "io.max", Value: "x"}}
	var got []string
	for _, setting := range Before(settings, map[string]string{"pids.max": "77", "memory.max": "4096"}) {
		got = append(got, setting.File+"="+setting.Value)
	}
	if difference := cmp.Diff([]string{"pids.max=77", "cpuset.cpus=", "memory.low=0"}, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
	for _, row := range limits {
		if properties, err := row.properties(row.unset); err != nil || len(properties) == 0 {
			t.Errorf("%s %q: %v, %v", row.file, row.unset, properties, err)
		}
	}
}

// TestBeforeIdle: the manager has one property for cpu.idle and cpu.weight, so a group that
// is no longer idle gets its earlier weight back.
func TestBeforeIdle(t *testing.T) {
	const idle, weight = "cpu.idle", "cpu.weight"
	for _, test := range []struct {
		changed  []string
		standing map[string]string
		want     string
	}{
		{[]string{idle}, map[string]string{idle: "0", weight: "79"}, "79"},
		{[]string{idle}, map[string]string{weight: "79"}, "79"},
		{[]string{idle}, nil, "18446744073709551615"},
		{[]string{idle, weight}, map[string]string{idle: "1", weight: "79"}, "0"},
		{[]string{idle, weight}, map[string]string{weight: "79"}, "79"},
	} {
		var settings []cgroupv2.Setting
		for _, file := range test.changed {
			settings = append(settings, cgroupv2.Setting{File: file, Value: "1"})
		}
		properties, err := Properties(Before(settings, test.standing), 255)
		if got := fmt.Sprint(properties); err != nil || got != "[{CPUWeight @t "+test.want+"}]" {
			t.Errorf("%v before %v: %s, %v; want the weight %s", test.standing, test.changed, got, err, test.want)
		}
	}
}

// Annotations may not set the properties in the table.
func TestLimitNames(t *testing.T) {
	for _, row := range limits {
		value := row.unset
		if row.file == "cpu.max" {
			value = "1000 1000" // its period too
		}
		properties, err := row.properties(value)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range properties {
			if !isLimit(p.Name) {
				t.Errorf("%s can be set by an annotation", p.Name)
			}
		}
	}
}

func TestAnnotatedProperties(t *testing.T) {
	properties, err := AnnotatedProperties(map[string]string{
		"org.systemd.property.TimeoutStopUSec":     "uint64 5000000",
		"org.systemd.property.CollectMode":         "'inactive-or-failed'",
		"org.systemd.property.After":               "['a.service', 'b.service']",
		"org.systemd.property.SendSIGHUP":          "true",
		"org.systemd.property.RuntimeMaxSec":       "1.5",
		"org.systemd.property.KillSignal":          "15",
		"org.systemd.property.DefaultDependencies": "true",
		"org.systemd.propertyX":                    "not ours",
		"io.example":                               "not ours either",
	})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range properties {
		got = append(got, fmt.Sprint(p.Name, " ", p.Value))
	}
	want := []string{
		`After ["a.service", "b.service"]`, `CollectMode "inactive-or-failed"`, `DefaultDependencies true`, `KillSignal 15`,
		`RuntimeMaxUSec @t 1500000`, `SendSIGHUP true`, `TimeoutStopUSec @t 5000000`,
	}
	if difference := cmp.Diff(want, got); difference != "" {
		t.Errorf("(-want +got):\n%s", difference)
	}
}

func TestAnnotatedPropertiesRefuses(t *testing.T) {
	for annotation, want := range map[string]string{
		"CollectMode=inactive":            "GVariant's text form",
		"CollectMode=":                    "GVariant's text form",
		"collectMode='x'":                 "whose name is none",
		"A.B=true":                        "whose name is none",
		"=true":                           "whose name is none",
		"MemoryMax=uint64 1":              "linux.resources",
		"TasksMax=uint64 1":               "linux.resources",
		"Delegate=false":                  "the runtime's to set",
		"Slice='a.slice'":                 "SLICE in linux.cgroupsPath",
		"DevicePolicy='strict'":           "linux.resources.devices",
		"TimeoutStopSec='1s'":             "no time in seconds",
		"TimeoutStopSec=-1":               "no time in seconds",
		"X='" + strings.Repeat("x", 4096): "bytes; allowed",
	} {
		name, value, _ := strings.Cut(annotation, "=")
		name = AnnotationPrefix + name
		_, err := AnnotatedProperties(map[string]string{name: value})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), fmt.Sprintf("annotations[%q]", name)) {
			t.Errorf("%s: %v, want %q", annotation, err, want)
		}
	}
	many := map[string]string{}
	for n := range maxAnnotations + 1 {
		many[fmt.Sprintf("%sX%d", AnnotationPrefix, n)] = "true"
	}
	if _, err := AnnotatedProperties(many); err == nil || !strings.Contains(err.Error(), "one more than the 64") {
		t.Errorf("65 annotations: %v", err)
	}
}

// The library's parser receives what a bundle's author wrote.
func FuzzAnnotatedProperties(f *testing.F) {
	for _, seed := range []string{"uint64 5", "'text'", "['a', 'b']", "true", "1.5", "@as []", "{'a': <1>}", "b'x'", "[(", "\\", "@0 []"} {
		f.Add("TimeoutStopSec", seed)
		f.Add("After", seed)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		properties, err := AnnotatedProperties(map[string]string{AnnotationPrefix + name: value})
		if err == nil && len(properties) == 1 && properties[0].Value.Signature().Empty() {
			t.Errorf("%s=%q has no type", name, value)
		}
	})
}
