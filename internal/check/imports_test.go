package main

import (
	"strings"
	"testing"
)

// TestImportRules checks the actual module.
func TestImportRules(t *testing.T) {
	t.Chdir("../..")
	for _, architecture := range architectures {
		module, err := loadModule(t.Context(), architecture)
		if err != nil {
			t.Fatal(err)
		}
		for _, violation := range module.violations() {
			t.Errorf("%s: %s", architecture, violation)
		}
	}
}

// listed describes a module in the format of go list: its own packages with their imports,
// separated by ",".
func listed(packages map[string]string) string {
	var text strings.Builder
	for path, imports := range packages {
		quoted := `"` + strings.ReplaceAll(imports, ",", `","`) + `"`
		switch {
		case strings.HasPrefix(path, "example.org/m"):
			text.WriteString(`{"ImportPath":"` + path + `","Imports":[` + quoted + `],"Module":{"Path":"example.org/m","Main":true}}` + "\n")
		case strings.Contains(path, "."):
			text.WriteString(`{"ImportPath":"` + path + `","Imports":[` + quoted + `],"Module":{"Path":"` + path + `"}}` + "\n")
		default:
			text.WriteString(`{"ImportPath":"` + path + `","Standard":true}` + "\n")
		}
	}
	return text.String()
}

// TestRulesCatchViolations passes modules to the checker that break the rules, and some
// that do not.
func TestRulesCatchViolations(t *testing.T) {
	const m = "example.org/m/"
	for name, test := range map[string]struct {
		packages map[string]string
		want     string // empty for no violation
	}{
		"a clean module": {
			packages: map[string]string{m + "protocol": "fmt,github.com/vmihailenco/msgpack/v5", m + "parent/machine": m + "protocol,github.com/looplab/fsm", "fmt": ""},
		},
		"protocol with a system call package": {
			packages: map[string]string{m + "protocol": "golang.org/x/sys/unix"},
			want:     "protocol imports golang.org/x/sys/unix; it may import only std",
		},
		"a machine that knows its runner": {
			packages: map[string]string{m + "child/machine": m + "child", m + "child": "fmt", "fmt": ""},
			want:     "child/machine imports child; it may import only",
		},
		"parent and child, directly": {
			packages: map[string]string{m + "parent/spawn": m + "child/creds", m + "child/creds": "fmt", "fmt": ""},
			want:     "parent/spawn must not depend on child/..., but does (parent/spawn → child/creds)",
		},
		"parent and child, through a third": {
			packages: map[string]string{m + "child": m + "internal/hooks", m + "internal/hooks": m + "parent/state", m + "parent/state": "fmt", "fmt": ""},
			want:     "child must not depend on parent/..., but does (child → internal/hooks → parent/state)",
		},
		"a library that brings eBPF to the child": {
			packages: map[string]string{m + "child": "example.com/devices", "example.com/devices": "github.com/cilium/ebpf/asm", "github.com/cilium/ebpf/asm": ""},
			want:     "child → example.com/devices → github.com/cilium/ebpf/asm",
		},
		"a tool that sees both sides": {
			packages: map[string]string{m + "internal/tool": m + "parent," + m + "child", m + "parent": "", m + "child": ""},
			want:     "internal/tool depends on both parent and child",
		},
		"the model sees both sides": {
			packages: map[string]string{m + "internal/model": m + "parent/machine," + m + "child/machine", m + "parent/machine": "fmt", m + "child/machine": "fmt", "fmt": ""},
		},
		"a name that only begins like parent's": {
			packages: map[string]string{m + "parenthesis": m + "child", m + "child": "fmt", "fmt": ""},
		},
	} {
		t.Run(name, func(t *testing.T) {
			module, err := parseModule(strings.NewReader(listed(test.packages)))
			if err != nil {
				t.Fatal(err)
			}
			found := strings.Join(module.violations(), "\n")
			if test.want == "" && found != "" {
				t.Errorf("violations in a module that has none:\n%s", found)
			}
			if !strings.Contains(found, test.want) {
				t.Errorf("violations are\n%s\nwant one with\n%s", found, test.want)
			}
		})
	}
}

// TestPrivileges checks the rules on unsafe, assembly and cgo.
func TestPrivileges(t *testing.T) {
	const list = `{"ImportPath":"example.org/m/child","Dir":"testdata/unsafe","Imports":["unsafe"],"GoFiles":["handwritten.go","generated.go"],` +
		`"SFiles":["a.s"],"CgoFiles":["c.go"],"Module":{"Path":"example.org/m","Main":true}}
{"ImportPath":"example.org/m/internal/sys","Dir":"testdata/unsafe","Imports":["unsafe"],"GoFiles":["handwritten.go"],"SFiles":["a.s"],"Module":{"Path":"example.org/m","Main":true}}`
	module, err := parseModule(strings.NewReader(list))
	if err != nil {
		t.Fatal(err)
	}
	found := module.violations()
	want := []string{
		"child uses package unsafe in handwritten.go; allowed in: internal/sys/...",
		"child uses assembly in a.s",
		"child uses cgo in c.go",
	}
	if len(found) != len(want) {
		t.Fatalf("violations are %q, want %d", found, len(want))
	}
	for index := range want {
		if !strings.HasPrefix(found[index], want[index]) {
			t.Errorf("violation %d is %q, want it to begin with %q", index, found[index], want[index])
		}
	}
}
