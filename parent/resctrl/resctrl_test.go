package resctrl_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/resctrl/resctrltest"
)

// TestGroups tests the rules of config-linux.md, "IntelRdt": which group a container gets,
// what is written to it, and what is removed with the container.
func TestGroups(t *testing.T) {
	const id, existing = "web", "guaranteed"
	lines := []string{"MB:0=20;1=70", "L3:0=7f0;1=1f"}
	for _, test := range []struct {
		name  string
		asked specs.LinuxIntelRdt
		// group is where the process must be, and monitor where else, "" for nowhere.
		group, monitor string
		// written is what schemata received, in order.
		written []string
		// intended is what is removed with the container.
		intended []string
		// stays says that the group remains when the container is gone.
		stays bool
	}{
		{"nothing named", specs.LinuxIntelRdt{}, id, "", nil, []string{id}, false},
		{"schemas", specs.LinuxIntelRdt{L3CacheSchema: lines[1], MemBwSchema: lines[0]}, id, "", []string{lines[1], lines[0]}, []string{id}, false},
		{"schemata last", specs.LinuxIntelRdt{MemBwSchema: "MB:0=10", Schemata: lines}, id, "", []string{"MB:0=10", lines[0], lines[1]}, []string{id}, false},
		{"monitoring", specs.LinuxIntelRdt{EnableMonitoring: true}, id, id + "/mon_groups/" + id, nil, []string{id, id + "/mon_groups/" + id}, false},
		{"the default class", specs.LinuxIntelRdt{ClosID: "/"}, ".", "", nil, nil, true},
		{"the default class, monitored", specs.LinuxIntelRdt{ClosID: "/", EnableMonitoring: true}, ".", "mon_groups/" + id, nil, []string{"mon_groups/" + id}, true},
		{"a new class", specs.LinuxIntelRdt{ClosID: "new", Schemata: lines}, "new", "", lines, nil, true},
		{"an existing class", specs.LinuxIntelRdt{ClosID: existing}, existing, "", nil, nil, true},
		{"an existing class, monitored", specs.LinuxIntelRdt{ClosID: existing, EnableMonitoring: true}, existing, existing + "/mon_groups/" + id, nil, []string{existing + "/mon_groups/" + id}, true},
		{"an existing class that agrees", specs.LinuxIntelRdt{ClosID: existing, L3CacheSchema: "L3:0=fff; 1=0FFF", MemBwSchema: "MB:1=100"}, existing, "", nil, nil, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory, open := resctrltest.New(t)
			tree := opened(t, open)
			must(t, makeOnly(tree, existing))
			var intended []string
			group, err := tree.Make(&test.asked, id, func(name string) error { intended = append(intended, name); return nil })
			must(t, err)
			must(t, group.Add(4711))
			// This is how a process that joins later finds it.
			must(t, tree.Group(&test.asked, id).Add(4712))
			for _, place := range []string{test.group, test.monitor} {
				if place != "" {
					equal(t, place+"/tasks", read(t, directory, place, "tasks"), "4711\n4712\n")
				}
			}
			equal(t, "schemata", read(t, directory, test.group, "schemata"), resctrltest.Whole+joined(test.written))
			equal(t, "what goes with the container", strings.Join(intended, " "), strings.Join(test.intended, " "))
			slices.Reverse(intended)
			for _, name := range append(intended, intended...) { // repeating it is no error
				must(t, tree.Remove(name))
			}
			if _, err := os.Stat(filepath.Join(directory, test.group)); (err == nil) != test.stays {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestRefusals: what cannot be had is refused with its JSON path, and nothing is left.
func TestRefusals(t *testing.T) {
	const id = "web"
	for _, test := range []struct {
		name    string
		asked   specs.LinuxIntelRdt
		refused []string
		want    []string
	}{
		{"no such class", specs.LinuxIntelRdt{ClosID: "none"}, nil, []string{"linux.intelRdt.closID", `"none"`}},
		{"another share", specs.LinuxIntelRdt{ClosID: "there", L3CacheSchema: "L3:0=f"}, nil, []string{"linux.intelRdt.l3CacheSchema", `"L3:0=f"`, "L3:0=0fff"}},
		{"another bandwidth", specs.LinuxIntelRdt{ClosID: "there", MemBwSchema: "MB:0=64"}, nil, []string{"linux.intelRdt.memBwSchema", "MB:0=100"}},
		{"no such cache", specs.LinuxIntelRdt{ClosID: "there", Schemata: []string{"L3:0=fff", "L2:0=f"}}, nil, []string{"linux.intelRdt.schemata[1]", "no domain 0 of L2"}},
		{"a container that is called as a class", specs.LinuxIntelRdt{}, nil, nil},
		{"a line that the kernel refuses", specs.LinuxIntelRdt{Schemata: []string{"L3:0=fffff"}}, []string{id + "/schemata"}, []string{"linux.intelRdt.schemata[0]", `"L3:0=fffff"`, resctrltest.Refusal}},
	} {
		t.Run(test.name, func(t *testing.T) {
			directory, open := resctrltest.New(t, test.refused...)
			tree := opened(t, open)
			must(t, makeOnly(tree, "there"))
			name := id
			if test.want == nil {
				name, test.want = "there", []string{"linux.intelRdt", "group there", "it is not this container's"}
			}
			before := list(t, directory)
			_, err := tree.Make(&test.asked, name, func(string) error { return nil })
			if err == nil {
				t.Fatal("was accepted")
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q does not say %q", err, want)
				}
			}
			equal(t, "what is there", list(t, directory), before)
		})
	}
}

// TestIntentFirst: nothing is made that cannot be recorded.
func TestIntentFirst(t *testing.T) {
	directory, open := resctrltest.New(t)
	before := list(t, directory)
	full := errors.New("no space left")
	_, err := opened(t, open).Make(&specs.LinuxIntelRdt{}, "web", func(string) error { return full })
	if !errors.Is(err, full) {
		t.Errorf("%v", err)
	}
	equal(t, "what is there", list(t, directory), before)
}

func makeOnly(tree *resctrl.Tree, name string) error {
	_, err := tree.Make(&specs.LinuxIntelRdt{}, name, func(string) error { return nil })
	return err
}

func opened(t *testing.T, open func() (*resctrl.Tree, error)) *resctrl.Tree {
	t.Helper()
	tree, err := open()
	must(t, err)
	t.Cleanup(tree.Close)
	return tree
}

func joined(lines []string) string {
	all := ""
	for _, line := range lines {
		all += line + "\n"
	}
	return all
}

func read(t *testing.T, elements ...string) string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(elements...))
	must(t, err)
	return string(content)
}

func list(t *testing.T, directory string) string {
	t.Helper()
	var names []string
	must(t, filepath.WalkDir(directory, func(name string, _ os.DirEntry, err error) error {
		names = append(names, name)
		return err
	}))
	return strings.Join(names, "\n")
}

func equal(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
