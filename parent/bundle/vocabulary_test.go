package bundle

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/parent/bundle/strictjson"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

func TestParseMountOptions(t *testing.T) {
	const atime, relatime, strictatime = unix.MOUNT_ATTR__ATIME, unix.MOUNT_ATTR_RELATIME, unix.MOUNT_ATTR_STRICTATIME
	for _, test := range []struct {
		options string
		want    MountOptions
	}{
		{"", MountOptions{}},
		{"defaults", MountOptions{}},
		{"nosuid strictatime mode=755 size=65536k", MountOptions{
			Set: unix.MOUNT_ATTR_NOSUID | strictatime, Clear: atime,
			Data: []MountData{{"mode", "755", true}, {"size", "65536k", true}}}},
		{"newinstance ptmxmode=0666 gid=", MountOptions{
			Data: []MountData{{Key: "newinstance"}, {"ptmxmode", "0666", true}, {"gid", "", true}}}},
		{"rbind rro rslave", MountOptions{
			RecursiveBind: true, RecursiveSet: unix.MOUNT_ATTR_RDONLY, Propagation: []uint64{unix.MS_SLAVE | unix.MS_REC}}},
		{"bind ro", MountOptions{Bind: true, Set: unix.MOUNT_ATTR_RDONLY, Superblock: unix.MS_RDONLY}},
		{"ro rw", MountOptions{Clear: unix.MOUNT_ATTR_RDONLY, SuperblockClear: unix.MS_RDONLY}},
		{"rw ro", MountOptions{Set: unix.MOUNT_ATTR_RDONLY, Superblock: unix.MS_RDONLY}},
		{"noexec exec nodev", MountOptions{Set: unix.MOUNT_ATTR_NODEV, Clear: unix.MOUNT_ATTR_NOEXEC}},
		{"noatime strictatime", MountOptions{Set: strictatime, Clear: atime}},
		{"strictatime nostrictatime", MountOptions{Set: relatime, Clear: atime}},
		{"rnoatime nodiratime", MountOptions{
			Set: unix.MOUNT_ATTR_NODIRATIME, RecursiveSet: unix.MOUNT_ATTR_NOATIME, RecursiveClear: atime}},
		{"rnosymfollow rsymfollow", MountOptions{RecursiveClear: unix.MOUNT_ATTR_NOSYMFOLLOW}},
		{"sync dirsync async lazytime", MountOptions{
			Superblock: unix.MS_DIRSYNC | unix.MS_LAZYTIME, SuperblockClear: unix.MS_SYNCHRONOUS}},
		{"remount tmpcopyup idmap ridmap", MountOptions{Remount: true, TmpCopyUp: true, IDMap: true, RecursiveIDMap: true}},
		{"private rshared unbindable", MountOptions{
			Propagation: []uint64{unix.MS_PRIVATE, unix.MS_SHARED | unix.MS_REC, unix.MS_UNBINDABLE}}},
		{"lowerdir=/a:/b,upperdir=/u,workdir=/w nodev,size=1m", MountOptions{Set: unix.MOUNT_ATTR_NODEV, Data: []MountData{
			{"lowerdir", "/a:/b", true}, {"upperdir", "/u", true}, {"workdir", "/w", true}, {"size", "1m", true}}}},
		{`upperdir=/a\,b,context="s0:c1,c2",mode=1`, MountOptions{Data: []MountData{
			{"upperdir", `/a\,b`, true}, {"context", "s0:c1,c2", true}, {"mode", "1", true}}}},
		{`lowerdir="/a,/b end\`, MountOptions{Data: []MountData{{"lowerdir", `"/a,/b`, true}, {Key: `end\`}}}},
		{",,ro,,bind,", MountOptions{Bind: true, Set: unix.MOUNT_ATTR_RDONLY, Superblock: unix.MS_RDONLY}},
		{"bind nofail,_netdev noauto auto nouser x-systemd.automount X-a=b comment=c", MountOptions{Bind: true}},
	} {
		got, err := ParseMountOptions(append(strings.Fields(test.options), ""))
		if err != nil {
			t.Errorf("%q: %v", test.options, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", test.options, diff)
		}
	}
}

// TestMountOptionNames compares the table with that in config.md.
func TestMountOptionNames(t *testing.T) {
	specified := strings.Fields(`async atime bind defaults dev diratime dirsync exec idmap iversion lazytime
		loud mand noatime nodev nodiratime noexec noiversion nolazytime nomand norelatime nostrictatime nosuid
		nosymfollow private ratime rbind rdev rdiratime relatime remount rexec ridmap rnoatime rnodev rnodiratime
		rnoexec rnorelatime rnostrictatime rnosuid rnosymfollow ro rprivate rrelatime rro rrw rshared rslave
		rstrictatime rsuid rsymfollow runbindable rw shared silent slave strictatime suid symfollow sync
		tmpcopyup unbindable`)
	if diff := cmp.Diff(specified, MountOptionNames()); diff != "" {
		t.Errorf("(-specified +known):\n%s", diff)
	}
	if !slices.IsSorted(MountOptionNames()) {
		t.Error("not sorted")
	}
}

func TestParseCapabilities(t *testing.T) {
	sets, warnings := ParseCapabilities(&specs.LinuxCapabilities{
		Bounding:    []string{"CAP_CHOWN", "CAP_CHECKPOINT_RESTORE"},
		Permitted:   []string{"CAP_CHOWN", "CAP_KILL", "CAP_FROM_THE_FUTURE"},
		Effective:   []string{"CAP_CHOWN", "CAP_BPF"},
		Inheritable: []string{"CAP_KILL", "cap_kill"},
		Ambient:     []string{"CAP_CHOWN", "CAP_KILL"},
	})
	want := CapabilitySets{
		Bounding:    1<<unix.CAP_CHOWN | 1<<unix.CAP_CHECKPOINT_RESTORE,
		Permitted:   1<<unix.CAP_CHOWN | 1<<unix.CAP_KILL,
		Effective:   1 << unix.CAP_CHOWN,
		Inheritable: 1 << unix.CAP_KILL,
		Ambient:     1 << unix.CAP_KILL,
	}
	if diff := cmp.Diff(want, sets); diff != "" {
		t.Error(diff)
	}
	wantWarnings := []string{
		`process.capabilities.inheritable: ignoring unknown capabilities "cap_kill"`,
		`process.capabilities.permitted: ignoring unknown capabilities "CAP_FROM_THE_FUTURE"`,
		`process.capabilities.effective: ignoring what is not permitted: CAP_BPF`,
		`process.capabilities.ambient: ignoring what is not permitted and inheritable: CAP_CHOWN`,
	}
	if diff := cmp.Diff(wantWarnings, warnings); diff != "" {
		t.Error(diff)
	}
	if sets, warnings := ParseCapabilities(nil); sets != (CapabilitySets{}) || warnings != nil {
		t.Errorf("without capabilities: %v %v", sets, warnings)
	}
	if got, want := len(CapabilityNames), unix.CAP_LAST_CAP+1; got != want {
		t.Errorf("%d names, want the kernel's %d", got, want)
	}
}

func TestRlimits(t *testing.T) {
	seen := map[int]bool{}
	for _, r := range rlimits {
		number, known := Rlimit(r.name)
		if !known || seen[number] {
			t.Errorf("%s: %d is given twice", r.name, number)
		}
		seen[number] = true
		var limit unix.Rlimit
		if err := unix.Getrlimit(number, &limit); err != nil {
			t.Errorf("%s: getrlimit(%d): %v", r.name, number, err)
		}
	}
	for name, number := range map[string]int{
		"RLIMIT_AS": unix.RLIMIT_AS, "RLIMIT_CORE": unix.RLIMIT_CORE, "RLIMIT_NOFILE": unix.RLIMIT_NOFILE,
		"RLIMIT_NPROC": unix.RLIMIT_NPROC, "RLIMIT_RTTIME": unix.RLIMIT_RTTIME, "RLIMIT_MSGQUEUE": unix.RLIMIT_MSGQUEUE,
	} {
		if got, _ := Rlimit(name); got != number {
			t.Errorf("%s is %d, want %d", name, got, number)
		}
	}
}

func TestNamespaceFiles(t *testing.T) {
	for _, namespace := range Namespaces {
		if _, err := os.Stat("/proc/self/ns/" + namespace.File); err != nil {
			t.Error(err)
		}
	}
}

func TestSysctlPath(t *testing.T) {
	for name, want := range map[string]string{
		"net.ipv4.ip_forward":                "net/ipv4/ip_forward",
		"net/ipv4/ip_forward":                "net/ipv4/ip_forward",
		"net/ipv4/conf/eth0.5/forwarding":    "net/ipv4/conf/eth0.5/forwarding",
		"net.ipv4.conf.eth0/5.forwarding":    "net/ipv4/conf/eth0.5/forwarding",
		"hostname":                           "hostname",
		"":                                   "",
		".":                                  "",
		"/kernel/hostname":                   "",
		"net/../kernel/hostname":             "",
		"net.//.kernel.hostname":             "",
		"net..ipv4":                          "",
		"net.ipv4.":                          "",
		"net/./ipv4":                         "",
		"net.ipv4.conf...forwarding":         "",
		"net.ipv4.conf.../../etc.forwarding": "",
	} {
		got, valid := SysctlPath(name)
		if !valid {
			got = ""
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", name, got, want)
		}
	}
}

// TestDefault compares with what runc's spec command writes, as a black box.
func TestDefault(t *testing.T) {
	for _, test := range []struct {
		bundle   string
		rootless bool
	}{{"runc-spec", false}, {"runc-spec-rootless", true}} {
		t.Run(test.bundle, func(t *testing.T) {
			text, err := os.ReadFile(bundles + "/" + test.bundle + "/" + ConfigName)
			if err != nil {
				t.Fatal(err)
			}
			var want specs.Spec
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			// The intended differences.
			want.Version, want.Hostname = specs.Version, "fsrun"
			want.Process.Capabilities.Ambient = nil
			want.Linux.Namespaces = append(want.Linux.Namespaces, specs.LinuxNamespace{Type: specs.CgroupNamespace})
			if test.rootless {
				want.Linux.UIDMappings[0].HostID = uint32(os.Geteuid())
				want.Linux.GIDMappings[0].HostID = uint32(os.Getegid())
			}
			byName := cmpopts.SortSlices(func(a, b specs.LinuxNamespace) bool { return a.Type < b.Type })
			unordered := cmpopts.SortSlices(func(a, b string) bool { return a < b })
			got := Default(test.rootless)
			if diff := cmp.Diff(&want, got, byName, unordered); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			encoded, err := json.MarshalIndent(got, "", "\t")
			if err != nil {
				t.Fatal(err)
			}
			loaded, err := Load(writeBundle(t, string(encoded)))
			if err != nil {
				t.Fatal(err)
			}
			if warnings := loaded.Warnings(); len(warnings) > 0 {
				t.Errorf("warnings: %q", warnings)
			}
			if diff := cmp.Diff(got, loaded.Spec); diff != "" {
				t.Errorf("read back (-written +read):\n%s", diff)
			}
		})
	}
}

func TestManyMappings(t *testing.T) {
	mappings := make([]specs.LinuxIDMapping, 5000)
	for i := range mappings {
		mappings[i] = specs.LinuxIDMapping{ContainerID: uint32(i), HostID: uint32(i), Size: 1}
	}
	if err := checkMappings("linux.uidMappings", mappings); err == nil || !strings.Contains(err.Error(), "5000 mappings; allowed: at most 340") {
		t.Errorf("5,000 mappings: %v", err)
	}
	if err := checkMappings("linux.uidMappings", mappings[:MaxMappings]); err != nil {
		t.Errorf("%d mappings: %v", MaxMappings, err)
	}
}

func TestMapCaller(t *testing.T) {
	rootless := func() *specs.Spec {
		spec := Default(true)
		spec.Linux.UIDMappings, spec.Linux.GIDMappings = nil, nil
		return spec
	}
	spec := rootless()
	const unmapped = "linux.uidMappings: is empty, but linux.namespaces asks for a new user namespace; allowed: at least one mapping"
	spec.Root.Path = t.TempDir()
	if err := Validate(spec, "/"); err == nil || err.Error() != unmapped {
		t.Errorf("got %v, want %s", err, unmapped)
	}
	mapCaller(spec, 1000, 100)
	wantUIDs, wantGIDs := []specs.LinuxIDMapping{{HostID: 1000, Size: 1}}, []specs.LinuxIDMapping{{HostID: 100, Size: 1}}
	if !cmp.Equal(spec.Linux.UIDMappings, wantUIDs) || !cmp.Equal(spec.Linux.GIDMappings, wantGIDs) {
		t.Errorf("got %v and %v", spec.Linux.UIDMappings, spec.Linux.GIDMappings)
	}
	for name, change := range map[string]func(*specs.Spec) int{
		"privileged":        func(*specs.Spec) int { return 0 },
		"no user namespace": func(s *specs.Spec) int { s.Linux.Namespaces = s.Linux.Namespaces[:1]; return 1000 },
		"no linux":          func(s *specs.Spec) int { s.Linux = nil; return 1000 },
		"joined": func(s *specs.Spec) int {
			FindNamespace(s, specs.UserNamespace).Path = "/proc/1/ns/user"
			return 1000
		},
		"mapped groups": func(s *specs.Spec) int { s.Linux.GIDMappings = wantGIDs; return 1000 },
	} {
		spec := rootless()
		mapCaller(spec, change(spec), 100)
		if spec.Linux != nil && len(spec.Linux.UIDMappings) > 0 {
			t.Errorf("%s: mapped all the same", name)
		}
	}
}

func TestMountPaths(t *testing.T) {
	bind, other := &MountOptions{Bind: true}, &MountOptions{}
	for _, test := range []struct {
		mount               specs.Mount
		options             *MountOptions
		destination, source string
	}{
		{specs.Mount{Destination: "/a/../b", Source: "data"}, bind, "/b", "/bundle/data"},
		{specs.Mount{Destination: "relative", Source: "/x/./y"}, bind, "/relative", "/x/y"},
		{specs.Mount{Destination: "../../etc", Source: "tmpfs"}, other, "/etc", "tmpfs"},
		{specs.Mount{Destination: "/", Source: ""}, bind, "/", ""},
	} {
		if got := MountDestination(&test.mount); got != test.destination {
			t.Errorf("%v: destination %q, want %q", test.mount, got, test.destination)
		}
		if got := MountSource(&test.mount, test.options, "/bundle"); got != test.source {
			t.Errorf("%v: source %q, want %q", test.mount, got, test.source)
		}
	}
}

func TestRunnableHooks(t *testing.T) {
	two := 2
	got := RunnableHooks([]specs.Hook{
		{Path: "/a", Args: []string{"a"}, Env: []string{"A=1"}, Timeout: &two}, {Path: "/b"}, {Path: "/c", Env: []string{}},
	})
	want := []hooks.Hook{
		{Path: "/a", Args: []string{"a"}, Env: []string{"A=1"}, Timeout: 2 * time.Second},
		{Path: "/b", Env: os.Environ()}, {Path: "/c", Env: []string{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// As many groups as a plan can hold are accepted. One more is refused, and the error names
// the property.
func TestManyGroups(t *testing.T) {
	for count, says := range map[int]string{protocol.MaxGroups: "", protocol.MaxGroups + 1: "process.user.additionalGids: 2049 groups; allowed: at most 2048"} {
		err := checkUser("process.user", &specs.Process{User: specs.User{AdditionalGids: make([]uint32, count)}})
		if (err == nil) != (says == "") || err != nil && err.Error() != says {
			t.Errorf("%d groups: %v, want %q", count, err, says)
		}
	}
}

// Options for new file systems are ignored for a bind mount, with a warning.
func TestWarningsOfBindMounts(t *testing.T) {
	spec := &specs.Spec{Mounts: []specs.Mount{
		{Destination: "/a", Type: "tmpfs", Options: []string{"mode=755"}},
		{Destination: "/b", Source: "/b", Options: []string{"bind", "mode=755", "nosuid", "size=1k"}},
	}}
	want := []string{`mounts[1].options: ignoring what a bind mount cannot have: "mode", "size"`}
	if diff := cmp.Diff(want, Warnings(spec)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// A protection whose name is misspelled is reported. What OCI defines, for whatever
// platform, is not, nor is an arbitrary key.
func TestWarningsOfUnknownProperties(t *testing.T) {
	text, err := os.ReadFile(bundles + "/runc-spec/" + ConfigName)
	if err != nil {
		t.Fatal(err)
	}
	const misspelled = `{"process": {"noNewPrivileges": null, "noNewPrivilages": true, "user": {"username": "a"}, "commandLine": "a"}, "linux": {"secomp": {"defaultAction": "SCMP_ACT_ERRNO"},
		"resources": {"unified": {"memory.hihg": "1"}}, "sysctl": {"kernel.shmmaxx": "1"}}, "org.example.extension": {"noNewPrivileges": true},
		"annotations": {"hostnam": "a"}, "windows": {"layerFolder": []}, "solaris": {"a": 1}, "zos": {"a": 1}, "freebsd": {"a": 1}}`
	config := mergePatch(t, text, []byte(misspelled))
	spec, unknown, err := decode(config, readSpec)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"config.json: linux.secomp is not known and ignored; did you mean seccomp?",
		`config.json: ["org.example.extension"] is not known and ignored`,
		"config.json: process.noNewPrivilages is not known and ignored; did you mean noNewPrivileges?",
	}
	if diff := cmp.Diff(want, ignoring(ConfigName, &unknown)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if spec.Process.NoNewPrivileges || spec.Linux.Seccomp != nil {
		t.Error("what is misspelled was honoured")
	}
	loaded, err := Load(writeBundle(t, mergePatch(t, text, []byte(`{"process": {"capabilities": null, "noNewPrivilages": true}}`))))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want[2:], loaded.Warnings()); diff != "" {
		t.Errorf("of a bundle (-want +got):\n%s", diff)
	}
}

func TestManyUnknownProperties(t *testing.T) {
	unknown := &strictjson.Unknowns{Named: []strictjson.Unknown{{Path: "a"}}, More: 984}
	want := []string{"f: a is not known and ignored", "f: 984 more properties are not known and ignored"}
	if diff := cmp.Diff(want, ignoring("f", unknown)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
