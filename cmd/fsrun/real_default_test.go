package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/probe"
	"github.com/fsrun/fsrun/internal/sys/nofile"
	"github.com/fsrun/fsrun/parent/bundle"
)

// equal compares one thing that the probe saw.
func equal(t *testing.T, what string, want, got any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestDefaultBundle(t *testing.T) {
	report := newContainer(t, harness.Probing(t)).probe()
	equal(t, "args", []string{harness.ProbePath}, report.Args)
	equal(t, "env", []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm", "HOME=/root"}, report.Env)
	equal(t, "cwd", "/", report.Cwd)
	equal(t, "ids", []int{0, 0, 0o022}, []int{report.UID, report.GID, report.Umask})
	equal(t, "groups", 0, len(report.Groups))
	equal(t, "hostname", "fsrun", report.Hostname)
	equal(t, "loopback", true, report.Loopback)
	equal(t, "pid", "1", report.Status["Pid"])
	equal(t, "no_new_privs", "1", report.Status["NoNewPrivs"])
	equal(t, "seccomp", "0", report.Status["Seccomp"])
	equal(t, "signals ignored", "0000000000000000", report.Status["SigIgn"])
	equal(t, "signals blocked", "0000000000000000", report.Status["SigBlk"])
	equal(t, "RLIMIT_NOFILE", [2]uint64{1024, 1024}, report.Rlimits["RLIMIT_NOFILE"])
	equal(t, "attempts", map[string]string{
		"write /": "EROFS", "write /dev/shm": "success", "write /proc/sys": "EROFS", "mkdir /sys/fs/cgroup": "EROFS",
		"open /dev/null": "success", "open /dev/local": "ENOENT", "mount": "EPERM", "sethostname": "EPERM",
		"personality": "success", "getpriority": "success",
	}, report.Attempts)
}

func TestDefaultCapabilities(t *testing.T) {
	status := newContainer(t, harness.Probing(t)).probe().Status
	const granted = "0000000020000420" // CAP_AUDIT_WRITE, CAP_KILL, CAP_NET_BIND_SERVICE
	const none = "0000000000000000"
	equal(t, "capabilities", []string{granted, granted, granted, none, none}, capabilities(status))
}

// capabilities returns the five sets: bounding, effective, permitted, inheritable, ambient.
func capabilities(status map[string]string) []string {
	return []string{status["CapBnd"], status["CapEff"], status["CapPrm"], status["CapInh"], status["CapAmb"]}
}

// SPEC: M-ACT-5
func TestFiveCapabilitySets(t *testing.T) {
	report := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		spec.Process.User = specs.User{UID: 1000, GID: 1000}
		spec.Process.Capabilities = &specs.LinuxCapabilities{
			Bounding:    []string{"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW", "CAP_SETUID"},
			Permitted:   []string{"CAP_CHOWN", "CAP_KILL", "CAP_NET_RAW"},
			Effective:   []string{"CAP_KILL"},
			Inheritable: []string{"CAP_KILL", "CAP_NET_RAW"},
			Ambient:     []string{"CAP_KILL"},
		}
	}).probe()
	// At execve(2), a user other than root keeps only the ambient capabilities in the
	// permitted and effective sets (capabilities(7)).
	equal(t, "capabilities", []string{
		"00000000000020a1", "0000000000000020", "0000000000000020", "0000000000002020", "0000000000000020",
	}, capabilities(report.Status))
}

func TestNamespacesAreNew(t *testing.T) {
	report := newContainer(t, harness.Probing(t)).probe()
	for _, name := range []string{"cgroup", "ipc", "mnt", "net", "pid", "uts", "user", "time"} {
		shared := name == "user" || name == "time"
		ours, err := os.Readlink("/proc/self/ns/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if (report.Namespaces[name] == ours) != shared {
			t.Errorf("%s: the container's is %s, ours %s", name, report.Namespaces[name], ours)
		}
	}
}

// SPEC: M-ACT-6
// CLASS: V3
func TestDescriptors(t *testing.T) {
	// What the caller has open must not be visible, close-on-exec or not.
	leak, err := unix.Open("/", unix.O_RDONLY|unix.O_DIRECTORY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(leak) })
	report := newContainer(t, harness.Probing(t)).probe()
	var numbers []string
	for number := range report.FDs {
		numbers = append(numbers, number)
	}
	slices.Sort(numbers)
	equal(t, "descriptors", []string{"0", "1", "2"}, numbers)
	equal(t, "standard input", "/dev/null", report.FDs["0"])
}

func TestDefaultMounts(t *testing.T) {
	report := newContainer(t, harness.Probing(t)).probe()
	var lines []string
	for _, mount := range report.Mounts {
		if mount.Point == harness.ProbePath || strings.HasPrefix(mount.Point, "/proc/") || strings.HasPrefix(mount.Point, "/sys/firmware") {
			continue
		}
		lines = append(lines, fmt.Sprintf("%s %s %s", mount.Point, mount.Filesystem, mount.Options))
	}
	for _, want := range []string{
		"/proc proc rw,relatime", "/dev tmpfs rw,nosuid", "/dev/pts devpts rw,nosuid,noexec,relatime",
		"/dev/shm tmpfs rw,nosuid,nodev,noexec,relatime", "/dev/mqueue mqueue rw,nosuid,nodev,noexec,relatime",
		"/sys sysfs ro,nosuid,nodev,noexec,relatime", "/sys/fs/cgroup cgroup2 ro,nosuid,nodev,noexec,relatime",
	} {
		if !slices.Contains(lines, want) {
			t.Errorf("no mount %q among\n%s", want, strings.Join(lines, "\n"))
		}
	}
	if len(lines) != 8 || !strings.HasPrefix(lines[0], "/ ") || !strings.Contains(lines[0], " ro,") {
		t.Errorf("want 8 mounts, the first a read-only root:\n%s", strings.Join(lines, "\n"))
	}
	for _, mount := range report.Mounts {
		if strings.Contains(mount.Propagation, "shared") {
			t.Errorf("%s is shared with the host: %s", mount.Point, mount.Propagation)
		}
	}
}

func TestDefaultDevices(t *testing.T) {
	wanted := map[string]string{
		"/dev/null": "20666 0:0 dev 1:3", "/dev/zero": "20666 0:0 dev 1:5", "/dev/full": "20666 0:0 dev 1:7",
		"/dev/random": "20666 0:0 dev 1:8", "/dev/urandom": "20666 0:0 dev 1:9", "/dev/tty": "20666 0:0 dev 5:0",
	}
	links := map[string]string{
		"/dev/ptmx": "pts/ptmx", "/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0",
		"/dev/stdout": "/proc/self/fd/1", "/dev/stderr": "/proc/self/fd/2",
	}
	files := []string{"/dev"}
	for name := range wanted {
		files = append(files, name)
	}
	for name := range links {
		files = append(files, name)
	}
	report := newContainer(t, harness.Probing(t, files...)).probe()
	for name, stat := range wanted {
		equal(t, name, stat, report.Files[name].Stat)
	}
	for name, target := range links {
		equal(t, name, target, report.Files[name].Content)
	}
	equal(t, "/dev", "fd full mqueue null ptmx pts random shm stderr stdin stdout tty urandom zero", report.Files["/dev"].Content)
}

func TestMaskedAndReadOnlyPaths(t *testing.T) {
	report := newContainer(t, harness.Probing(t, "/secret/file", "/secret", "/hidden", "/fixed"), func(spec *specs.Spec) {
		directory := harness.Directory(t)
		for _, name := range []string{"secret", "hidden", "fixed"} {
			must(t, os.Mkdir(directory+"/"+name, 0o777))
			spec.Mounts = append(spec.Mounts, harness.Bind(directory+"/"+name, "/"+name))
		}
		must(t, os.WriteFile(directory+"/secret/file", []byte("secret"), 0o644))
		must(t, os.WriteFile(directory+"/hidden/file", []byte("secret"), 0o644))
		spec.Linux.MaskedPaths = []string{"/secret/file", "/hidden", "/missing"}
		spec.Linux.ReadonlyPaths = []string{"/fixed", "/missing"}
	}).probe()
	equal(t, "a masked file", probe.File{Stat: "20666 0:0 dev 1:3"}, report.Files["/secret/file"])
	equal(t, "a masked directory", "", report.Files["/hidden"].Content)
	options := ""
	for _, mount := range report.Mounts { // the last one is on top
		if mount.Point == "/fixed" {
			options = mount.Options
		}
	}
	if !strings.HasPrefix(options, "ro,") {
		t.Errorf("a read-only path is mounted %q", options)
	}
}

func TestOpenFilesAreTheCallers(t *testing.T) {
	report := newContainer(t, harness.Probing(t), func(spec *specs.Spec) { spec.Process.Rlimits = nil }).probe()
	var limit unix.Rlimit
	must(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &limit))
	equal(t, "RLIMIT_NOFILE", [2]uint64{nofile.Soft, limit.Max}, report.Rlimits["RLIMIT_NOFILE"])
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// A container that asks for every capability gets those that the runtime has, and a warning
// about the others (config.md, "Linux Process").
func TestCapabilitiesThatTheRuntimeLacks(t *testing.T) {
	var warnings []string
	c := newContainer(t, harness.Probing(t), func(spec *specs.Spec) {
		all := bundle.CapabilityNames[:]
		spec.Process.Capabilities = &specs.LinuxCapabilities{Bounding: all, Permitted: all, Effective: all, Inheritable: all, Ambient: all}
	})
	c.Warn = func(text string) { warnings = append(warnings, text) }
	// The bounding set is the thread's, which ends with the goroutine.
	done := make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer close(done)
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, unix.CAP_AUDIT_READ, 0, 0, 0); err != nil {
			t.Error(err)
			return
		}
		ours, err := os.ReadFile("/proc/thread-self/status")
		if err != nil {
			t.Error(err)
			return
		}
		_, set, _ := strings.Cut(string(ours), "CapBnd:\t")
		seen := capabilities(c.probe().Status)
		for i := range seen {
			if seen[i] != set[:16] {
				t.Errorf("set %d is %s, the runtime's bounding set %s", i, seen[i], set[:16])
			}
		}
	}()
	<-done
	equal(t, "warnings", 1, len(warnings))
	if !strings.Contains(warnings[0], "CAP_AUDIT_READ") {
		t.Error(warnings)
	}
}
