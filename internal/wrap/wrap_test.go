package wrap

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/seccomp"
)

func least() *Options {
	return &Options{Program: "/bin/true", Directory: "/", Hostname: "box", Environment: []string{"A=b"}}
}

func spec(t *testing.T, o *Options) *specs.Spec {
	t.Helper()
	made, err := Spec(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := bundle.Validate(made, "/"); err != nil {
		t.Fatalf("the configuration is not valid: %v", err)
	}
	return made
}

func TestLeast(t *testing.T) {
	made := spec(t, least())
	want := &specs.Process{Args: []string{"/bin/true"}, Env: []string{"A=b"}, Cwd: "/", NoNewPrivileges: true, Capabilities: &specs.LinuxCapabilities{}}
	if diff := cmp.Diff(want, made.Process); diff != "" {
		t.Error(diff)
	}
	if made.Root.Path != "/" || !made.Root.Readonly {
		t.Errorf("root %+v", made.Root)
	}
	if diff := cmp.Diff(seccomp.DefaultProfile(), made.Linux.Seccomp); diff != "" {
		t.Error(diff)
	}
	for _, kind := range []specs.LinuxNamespaceType{
		specs.PIDNamespace, specs.IPCNamespace, specs.UTSNamespace, specs.MountNamespace, specs.CgroupNamespace, specs.NetworkNamespace,
	} {
		if bundle.FindNamespace(made, kind) == nil {
			t.Errorf("no %s namespace", kind)
		}
	}
	if made.Linux.RootfsPropagation != "rprivate" || len(made.Linux.Resources.Devices) == 0 {
		t.Errorf("propagation %q, device rules %v", made.Linux.RootfsPropagation, made.Linux.Resources.Devices)
	}
}

// Every top-level directory is a mount of the container's: read-only, or its own.
func TestNothingAtTheTopIsWritable(t *testing.T) {
	mounts := map[string]specs.Mount{}
	for _, mount := range spec(t, least()).Mounts {
		mounts[mount.Destination] = mount
	}
	entries, err := os.ReadDir("/")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		if !entry.IsDir() {
			continue
		}
		mount, found := mounts["/"+entry.Name()]
		switch {
		case !found:
			t.Errorf("/%s is not mounted", entry.Name())
		case mount.Type == "bind" && !slices.Contains(mount.Options, "rro"):
			t.Errorf("/%s is bound with %q", entry.Name(), mount.Options)
		}
	}
}

func TestMore(t *testing.T) {
	o := least()
	o.HostNetwork, o.Unconfined, o.Terminal = true, true, true
	o.Capabilities = []string{"CAP_NET_RAW"}
	o.User = &User{UID: 1, GID: 2, Groups: []uint32{3}}
	made := spec(t, o)
	if bundle.FindNamespace(made, specs.NetworkNamespace) != nil || made.Linux.Seccomp != nil || !made.Process.Terminal {
		t.Errorf("network %v, seccomp %v, terminal %v", made.Linux.Namespaces, made.Linux.Seccomp, made.Process.Terminal)
	}
	if diff := cmp.Diff(specs.User{UID: 1, GID: 2, AdditionalGids: []uint32{3}}, made.Process.User); diff != "" {
		t.Error(diff)
	}
	set := []string{"CAP_NET_RAW"}
	if diff := cmp.Diff(&specs.LinuxCapabilities{Bounding: set, Permitted: set, Effective: set}, made.Process.Capabilities); diff != "" {
		t.Error(diff)
	}
}

func TestRootless(t *testing.T) {
	o := least()
	o.Rootless = true
	made := spec(t, o)
	if bundle.FindNamespace(made, specs.UserNamespace) == nil || bundle.FindNamespace(made, specs.NetworkNamespace) == nil {
		t.Errorf("namespaces %v", made.Linux.Namespaces)
	}
	if len(made.Linux.Resources.Devices) > 0 {
		t.Errorf("device rules %v, which nobody without privileges can have", made.Linux.Resources.Devices)
	}
}

func TestShown(t *testing.T) {
	for _, c := range []struct {
		program, directory string
		writable           []string
		want               []string
	}{
		{program: "/bin/true", directory: "/home"},
		{program: "/bin/true", directory: "/tmp"},
		{program: "/bin/true", directory: "/tmp/work", want: []string{"/tmp/work"}},
		{program: "/tmp/work/program", directory: "/tmp/work", want: []string{"/tmp/work"}},
		{program: "/tmp/work2/program", directory: "/tmp/work", want: []string{"/tmp/work", "/tmp/work2/program"}},
		{program: "/tmp/program", directory: "/", want: []string{"/tmp/program"}},
		{program: "/run/current/bin/true", directory: "/", want: []string{"/run/current/bin/true"}},
		{program: "/tmp/work/program", directory: "/tmp/work", writable: []string{"/tmp/work"}},
		{program: "/tmpfile", directory: "/tmpdir"},
	} {
		got := shown(&Options{Program: c.program, Directory: c.directory, Writable: c.writable})
		if !slices.Equal(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}

func TestWritableComesLast(t *testing.T) {
	directory := t.TempDir()
	o := least()
	o.Writable = []string{directory}
	mounts := spec(t, o).Mounts
	at := slices.IndexFunc(mounts, func(m specs.Mount) bool { return m.Destination == directory })
	if at < 0 || slices.Contains(mounts[at].Options, "rro") {
		t.Fatalf("%s is not writable: %v", directory, mounts)
	}
	for i, mount := range mounts[at+1:] {
		if strings.HasPrefix(directory, mount.Destination+"/") {
			t.Errorf("mounts[%d] on %s covers it", at+1+i, mount.Destination)
		}
	}
}

func TestLimits(t *testing.T) {
	pids, memory, swap, cpus := int64(1), int64(64<<20), int64(0), 0.5
	o := least()
	o.Limits = Limits{Pids: &pids, Memory: &memory, MemorySwap: &swap, CPUs: &cpus}
	limits, err := cgroupv2.Compute(spec(t, o).Linux.Resources)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, setting := range limits.Settings() {
		got[setting.File] = setting.Value
		if !slices.ContainsFunc(Flags[:], func(known struct{ Path, Flag string }) bool { return known.Path == setting.Path }) {
			t.Errorf("no flag is known to ask for %s", setting.Path)
		}
	}
	want := map[string]string{"pids.max": "1", "memory.max": "67108864", "memory.swap.max": "0", "cpu.max": "50000 100000"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestRefusals(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	none, infinite := 0.0, 1e300
	for name, change := range map[string]func(*Options){
		`--workdir: stat /nosuch`:    func(o *Options) { o.Directory = "/nosuch" },
		`allowed: a directory`:       func(o *Options) { o.Directory = file },
		`--rw "/"`:                   func(o *Options) { o.Writable = []string{"/"} },
		`--rw "/proc/sys"`:           func(o *Options) { o.Writable = []string{"/proc/sys"} },
		`--rw "relative"`:            func(o *Options) { o.Writable = []string{"relative"} },
		`--rw: stat /nosuch`:         func(o *Options) { o.Writable = []string{"/nosuch"} },
		`--cpus 0: allowed: 0.01 to`: func(o *Options) { o.CPUs = &none },
		`--cpus 1e+300: allowed`:     func(o *Options) { o.CPUs = &infinite },
	} {
		o := least()
		change(o)
		if _, err := Spec(o); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%v, want %s", err, name)
		}
	}
}
