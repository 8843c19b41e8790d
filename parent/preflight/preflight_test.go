package preflight

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/protocol"
)

func TestRanges(t *testing.T) {
	const file = "# comment\nroot:1:2\nweb:100000:65536\n1000:300000:10\nwebby:1:1\nshort:1\n"
	found, err := ranges(strings.NewReader(file), "web", 1000)
	if err != nil || len(found) != 2 || found[0] != (idRange{100000, 65536}) || found[1] != (idRange{300000, 10}) {
		t.Errorf("%v, %v", found, err)
	}
	for _, wrong := range []string{"web:x:1\n", "web:1:-1\n", "web:1:4294967296\n"} {
		if found, err := ranges(strings.NewReader(wrong), "web", 1000); err == nil {
			t.Errorf("%q: %v", wrong, found)
		}
	}
	r := idRange{100, 10}
	for _, test := range []struct {
		first, count uint64
		want         bool
	}{{100, 10, true}, {109, 1, true}, {110, 0, true}, {99, 2, false}, {105, 6, false}, {111, 1, false}, {1 << 63, 1 << 63, false}} {
		if got := r.holds(test.first, test.count); got != test.want {
			t.Errorf("%v holds %d from %d: %t", r, test.count, test.first, got)
		}
	}
}

// root is a root file system with various programs.
func root(t *testing.T) string {
	t.Helper()
	directory := t.TempDir()
	for name, mode := range map[string]os.FileMode{"bin/sh": 0o755, "bin/data": 0o644, "srv/tool": 0o755, "early/sh": 0o644} {
		must(t, os.MkdirAll(filepath.Join(directory, filepath.Dir(name)), 0o755))
		must(t, os.WriteFile(filepath.Join(directory, name), nil, mode))
	}
	must(t, os.Symlink("/bin/sh", filepath.Join(directory, "bin/absolute")))
	must(t, os.Symlink("../../../../bin/sh", filepath.Join(directory, "bin/above")))
	must(t, os.Symlink("nowhere", filepath.Join(directory, "bin/dangling")))
	return directory
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestProgram(t *testing.T) {
	rootfs := root(t)
	for _, test := range []struct {
		name, cwd string
		path      string
		mounts    []string
		result    Result
		found     string
	}{
		{"/bin/sh", "/", "", nil, Holds, ""},
		{"sh", "/", "/usr/bin:/bin", nil, Holds, "/bin/sh"},
		{"sh", "/", "/early:/bin", nil, Holds, "/bin/sh"}, // as the child does (SPEC.md, M-EXE-6)
		{"sh", "/", "/early:/x", nil, Lacks, "permission denied (mode 0644)"},
		{"./tool", "/srv", "", nil, Holds, "/srv/tool"},
		{"sh", "/bin", ":/x", nil, Holds, "/bin/sh"}, // an empty element is the working directory
		{"/bin/absolute", "/", "", nil, Holds, ""},
		{"/bin/above", "/", "", nil, Holds, ""},
		{"/bin/dangling", "/", "", nil, Lacks, "no such file"},
		{"/bin/data", "/", "", nil, Lacks, "permission denied (mode 0644)"},
		{"/bin", "/", "", nil, Lacks, "is a directory"},
		{"missing", "/", "/bin", nil, Lacks, "executable file not found in $PATH, /bin"},
		{"missing", "/", "", []string{"/usr/local"}, Unknown, "the mount on /usr/local"},
		{"/opt/tool", "/", "", []string{"/opt"}, Unknown, "the mount on /opt"},
		{"/optional", "/", "", []string{"/opt"}, Lacks, "no such file"},
	} {
		spec := &specs.Spec{Process: &specs.Process{Args: []string{test.name}, Cwd: test.cwd}}
		if test.path != "" {
			spec.Process.Env = []string{"PATH=" + test.path}
		}
		for _, mount := range test.mounts {
			spec.Mounts = append(spec.Mounts, specs.Mount{Destination: mount})
		}
		check := program(rootfs, spec)
		if check.Result != test.result || !strings.Contains(check.Found, test.found) {
			t.Errorf("%s: %+v, want %s: %s", test.name, check, test.result, test.found)
		}
		if check.Result == Lacks && check.Hint == "" {
			t.Errorf("%s: no remedy", test.name)
		}
	}
}

func TestMountsAndHooks(t *testing.T) {
	checks := mounts([]protocol.Op{
		&protocol.Bind{Origin: protocol.Origin{At: "mounts[0]"}, Source: "/no/such/source"},
		&protocol.Bind{Source: "/"},
		&protocol.Mount{Filesystem: "proc"}, &protocol.Mount{Filesystem: "proc"}, &protocol.Mount{Filesystem: "nosuchfs"},
	})
	checks = append(checks, hooks(&specs.Hooks{CreateRuntime: []specs.Hook{{Path: "/bin/true"}, {Path: "/no/such/hook"}}})...)
	var got []string
	for _, check := range checks {
		got = append(got, check.Object+" "+string(check.Result)+" "+check.From)
	}
	want := []string{
		"/no/such/source lacks mounts[0]", "/ ok ", "proc ok ", "nosuchfs unknown ",
		"/bin/true ok hooks.createRuntime[0]", "/no/such/hook lacks hooks.createRuntime[1]",
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got:\n%s", strings.Join(got, "\n"))
	}
}

// A remedy is given once, beside what is wrong.
func TestHintsAreToldOnce(t *testing.T) {
	lacking := &cgroupv2.ControllerError{Controller: "pids", Tree: "/sys/fs/cgroup", Binding: cgroupv2.Disabled}
	check := judge("cgroup controller", "pids", "", lacking)
	if check.Hint != lacking.Hint() || strings.Contains(check.Found, check.Hint) || !strings.HasSuffix(check.Found, "it is disabled (/proc/cgroups)") {
		t.Errorf("%+v", check)
	}
}

func TestStateDirectory(t *testing.T) {
	directory := t.TempDir()
	if check := stateDirectory(directory + "/a/b"); check.Result != Holds {
		t.Errorf("%+v", check)
	}
	// Nobody can write beneath a file.
	must(t, os.WriteFile(directory+"/file", nil, 0o600))
	if check := stateDirectory(""); check.Result != Lacks || check.Hint == "" {
		t.Errorf("without a default: %+v", check)
	}
	if check := stateDirectory(directory + "/file/a"); check.Result != Lacks || check.Hint == "" {
		t.Errorf("%+v", check)
	}
}

// Everything that the machine may lack has a remedy, and nothing is checked twice.
func TestMachine(t *testing.T) {
	seen := map[string]bool{}
	for _, check := range Machine(t.TempDir()) {
		key := check.Name + " " + check.Object
		if seen[key] {
			t.Errorf("%s is there twice", key)
		}
		seen[key] = true
		if check.Result != Holds && check.Hint == "" {
			t.Errorf("%s: %s: no remedy", key, check.Found)
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d checks", len(seen))
	}
	if !Failed([]Check{{Result: Holds}, {Result: Lacks}}) || Failed([]Check{{Result: Lacks, Optional: true}, {Result: Unknown}}) {
		t.Error("Failed does not tell needed from optional")
	}
}
