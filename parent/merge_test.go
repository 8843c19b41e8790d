package parent

import (
	"encoding/json"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/parent/bundle"
)

// What is added to a change, and the container's resources afterwards.
func TestResourcesOfAnUpdate(t *testing.T) {
	for _, c := range []struct{ name, has, change, completed, merged string }{
		{"nothing", `{}`, `{}`, `{}`, `{}`},
		{"pids", `{"pids":{"limit":5},"cpu":{"shares":9}}`, `{"pids":{"limit":-1}}`, `{"pids":{"limit":-1}}`, `{"pids":{"limit":-1},"cpu":{"shares":9}}`},
		{"swap needs the limit", `{"memory":{"limit":100}}`, `{"memory":{"swap":150}}`, `{"memory":{"limit":100,"swap":150}}`, `{"memory":{"limit":100,"swap":150}}`},
		{"swap without a limit", `{}`, `{"memory":{"swap":150}}`, `{"memory":{"swap":150}}`, `{"memory":{"swap":150}}`},
		{"no swap limit", `{"memory":{"limit":100}}`, `{"memory":{"swap":-1}}`, `{"memory":{"swap":-1}}`, `{"memory":{"limit":100,"swap":-1}}`},
		{"the total follows the limit", `{"memory":{"limit":100,"swap":150}}`, `{"memory":{"limit":60}}`, `{"memory":{"limit":60}}`, `{"memory":{"limit":60,"swap":110}}`},
		{"engines send zeros", `{"memory":{"limit":100},"cpu":{"shares":9,"quota":7}}`, `{"memory":{"limit":0},"cpu":{"shares":0,"quota":0,"period":0}}`,
			`{"memory":{"limit":0},"cpu":{"shares":0,"quota":0,"period":0}}`, `{"memory":{"limit":100},"cpu":{"shares":9,"quota":7}}`},
		{"a period needs the quota", `{"cpu":{"quota":50000}}`, `{"cpu":{"period":200000}}`, `{"cpu":{"quota":50000,"period":200000}}`, `{"cpu":{"quota":50000,"period":200000}}`},
		{"idle no more", `{"cpu":{"shares":9,"idle":1}}`, `{"cpu":{"idle":0}}`, `{"cpu":{"shares":9,"idle":0}}`, `{"cpu":{"shares":9,"idle":0}}`},
		{"shares of an idle group", `{"cpu":{"shares":9,"idle":1}}`, `{"cpu":{"shares":7}}`, `{"cpu":{"shares":7,"idle":1}}`, `{"cpu":{"shares":7,"idle":1}}`},
		{"a quota beside the burst", `{"cpu":{"quota":50000,"burst":30000}}`, `{"cpu":{"quota":20000}}`, `{"cpu":{"quota":20000,"burst":30000}}`, `{"cpu":{"quota":20000,"burst":30000}}`},
		{"no quota beside the burst", `{"cpu":{"quota":50000,"burst":30000}}`, `{"cpu":{"quota":-1}}`, `{"cpu":{"quota":-1}}`, `{"cpu":{"quota":-1,"burst":30000}}`},
		{"a burst beside the quota", `{"cpu":{"quota":50000}}`, `{"cpu":{"burst":60000}}`, `{"cpu":{"quota":50000,"burst":60000}}`, `{"cpu":{"quota":50000,"burst":60000}}`},
		{"memory without a limit", `{"memory":{"limit":100,"swap":150}}`, `{"memory":{"limit":-1}}`, `{"memory":{"limit":-1}}`, `{"memory":{"limit":-1,"swap":-1}}`},
		{"devices are replaced", `{"devices":[{"allow":false,"access":"rwm"}]}`, `{"devices":[{"allow":true,"access":"r"}]}`,
			`{"devices":[{"allow":true,"access":"r"}]}`, `{"devices":[{"allow":true,"access":"r"}]}`},
		{"disks one by one", `{"blockIO":{"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":1},{"major":8,"minor":16,"rate":2}]}}`,
			`{"blockIO":{"weight":20,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":3}]}}`,
			`{"blockIO":{"weight":20,"throttleReadBpsDevice":[{"major":8,"minor":0,"rate":3}]}}`,
			`{"blockIO":{"weight":20,"throttleReadBpsDevice":[{"major":8,"minor":16,"rate":2},{"major":8,"minor":0,"rate":3}]}}`},
		{"files and pages", `{"unified":{"a.b":"1","c.d":"2"},"hugepageLimits":[{"pageSize":"2MB","limit":1}]}`, `{"unified":{"c.d":"3"},"hugepageLimits":[{"pageSize":"1GB","limit":2}]}`,
			`{"unified":{"c.d":"3"},"hugepageLimits":[{"pageSize":"1GB","limit":2}]}`,
			`{"unified":{"a.b":"1","c.d":"3"},"hugepageLimits":[{"pageSize":"2MB","limit":1},{"pageSize":"1GB","limit":2}]}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			has, err := bundle.ParseResources(c.has)
			if err != nil {
				t.Fatal(err)
			}
			change, err := bundle.ParseResources(c.change)
			if err != nil {
				t.Fatal(err)
			}
			for name, compare := range map[string]struct {
				got  any
				want string
			}{
				"completed": {completeResources(has, change), c.completed},
				"merged":    {mergeResources(has, change), c.merged},
				"has":       {has, c.has},
				"change":    {change, c.change},
			} {
				want, err := bundle.ParseResources(compare.want)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(asText(t, want), asText(t, compare.got)); diff != "" {
					t.Errorf("%s: %s", name, diff)
				}
			}
		})
	}
}

func asText(t *testing.T, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// Only a configuration's resources change: even what this version does not know is kept.
func TestWithResources(t *testing.T) {
	resources, err := bundle.ParseResources(`{"pids":{"limit":5}}`)
	if err != nil {
		t.Fatal(err)
	}
	for has, want := range map[string]string{
		`{"later":1,"linux":{"unknown":[2],"resources":{"cpu":{"shares":3}}}}`: `{"later":1,"linux":{"resources":{"pids":{"limit":5}},"unknown":[2]}}`,
		`{}`: `{"linux":{"resources":{"pids":{"limit":5}}}}`,
	} {
		got, err := withResources([]byte(has), resources)
		if err != nil || string(got) != want {
			t.Errorf("%s: %s, %v", has, got, err)
		}
	}
}
