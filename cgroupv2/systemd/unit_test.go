package systemd

import (
	"strings"
	"testing"
)

func TestParsePath(t *testing.T) {
	for path, want := range map[string]Unit{
		"":                                 {"fsrun-web.scope", "system.slice"},
		":fsrun:web":                       {"fsrun-web.scope", "system.slice"},
		"machine.slice:libpod:1f2e":        {"libpod-1f2e.scope", "machine.slice"},
		"kubepods-besteffort.slice:cri:0a": {"cri-0a.scope", "kubepods-besteffort.slice"},
		"-:docker:0a":                      {"docker-0a.scope", "-.slice"},
		"-.slice:docker:0a":                {"docker-0a.scope", "-.slice"},
		"system.slice::web":                {"web.scope", "system.slice"},
		"system.slice:p:web.scope":         {"p-web.scope", "system.slice"},
		":p:a+b c@1":                       {`p-a\x2bb\x20c\x401.scope`, "system.slice"},
		`:p:a\x2bb`:                        {`p-a\x2bb.scope`, "system.slice"},
		":p:" + strings.Repeat("n", 247):   {"p-" + strings.Repeat("n", 247) + ".scope", "system.slice"},
		"user-1000.slice:a:b":              {"a-b.scope", "user-1000.slice"},
		"system-fsrun\\x2dtest.slice:a:b":  {"a-b.scope", "system-fsrun\\x2dtest.slice"},
	} {
		got, err := ParsePath(path, "web", false)
		if err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", path, got, err, want)
		}
	}
	if got, err := ParsePath("", "web", true); err != nil || got.Slice != "user.slice" {
		t.Errorf("a user's is %v, %v", got, err)
	}
}

func TestParsePathRefuses(t *testing.T) {
	for path, want := range map[string]string{
		"/fsrun/web":                            "is not of systemd's form",
		"web":                                   "is not of systemd's form",
		"a:b":                                   "is not of systemd's form",
		"a.slice:b:c:d":                         "is not of systemd's form",
		"a.slice:b:":                            "has an empty NAME",
		"a.slice:b:c/d":                         "has a slash",
		"a.slice:b/c:d":                         "has a slash",
		"a.slice:b:c.slice":                     "names a slice",
		"user.slice/user-1.slice:b:c":           "no unit's name has",
		"a:b:c":                                 "does not end in .slice",
		".slice:b:c":                            "between dashes is empty",
		"a--b.slice:b:c":                        "between dashes is empty",
		"-a.slice:b:c":                          "between dashes is empty",
		"a b.slice:b:c":                         "no unit's name has",
		":p:" + strings.Repeat("n", 248):        "makes a name of 256 bytes",
		strings.Repeat("s", 256) + ".slice:p:n": "has a SLICE of",
	} {
		_, err := ParsePath(path, "web", false)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "linux.cgroupsPath: ") || !strings.Contains(err.Error(), "allowed: ") {
			t.Errorf("%q: %v, want %q", path, err, want)
		}
	}
}

func TestIsPath(t *testing.T) {
	for path, want := range map[string]bool{"a.slice:b:c": true, "::c": true, "/a:b:c": false, "a:b": false, "": false, "fsrun/web": false} {
		if got := IsPath(path); got != want {
			t.Errorf("%q: %v", path, got)
		}
	}
}

func FuzzParsePath(f *testing.F) {
	for _, seed := range []string{"", ":fsrun:web", "machine.slice:libpod:1f2e", "-:docker:0a", "a--b.slice::", "/a/b", ":p:a+b\x00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		unit, err := ParsePath(path, "web", false)
		if err != nil {
			return
		}
		for _, name := range []string{unit.Name, unit.Slice} {
			if escape(name) != name || len(name) > maxUnitName {
				t.Errorf("%q is the unit %q in %q", path, unit.Name, unit.Slice)
			}
		}
	})
}
