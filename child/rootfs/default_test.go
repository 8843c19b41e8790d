package rootfs

import (
	"os"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

const (
	nosuid = unix.MOUNT_ATTR_NOSUID
	noexec = unix.MOUNT_ATTR_NOEXEC
	nodev  = unix.MOUNT_ATTR_NODEV
	ro     = unix.MOUNT_ATTR_RDONLY
)

// options converts "key=value" and flags to options.
func options(texts ...string) []protocol.Pair {
	var pairs []protocol.Pair
	for _, text := range texts {
		name, value, _ := strings.Cut(text, "=")
		pairs = append(pairs, protocol.Pair{Name: name, Value: value})
	}
	return pairs
}

func procMount() *protocol.Mount {
	return &protocol.Mount{Filesystem: "proc", Source: "proc", Destination: "/proc"}
}

func devMount() *protocol.Mount {
	return &protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/dev",
		Set: nosuid | unix.MOUNT_ATTR_STRICTATIME, Options: options("mode=755", "size=65536k")}
}

func ptsMount() *protocol.Mount {
	return &protocol.Mount{Filesystem: "devpts", Source: "devpts", Destination: "/dev/pts", Set: nosuid | noexec,
		Options: options("newinstance", "ptmxmode=0666", "mode=0620", "gid=5")}
}

// defaultMounts are those in the bundle written by other runtimes' spec command.
func defaultMounts() []protocol.Op {
	return []protocol.Op{
		procMount(),
		devMount(),
		ptsMount(),
		&protocol.Mount{Filesystem: "tmpfs", Source: "shm", Destination: "/dev/shm", Set: nosuid | noexec | nodev,
			Options: options("mode=1777", "size=65536k")},
		&protocol.Mount{Filesystem: "mqueue", Source: "mqueue", Destination: "/dev/mqueue", Set: nosuid | noexec | nodev},
		&protocol.Mount{Filesystem: "sysfs", Source: "sysfs", Destination: "/sys", Set: nosuid | noexec | nodev | ro},
	}
}

var defaultDevices = []struct {
	name         string
	major, minor uint32
}{{"null", 1, 3}, {"zero", 1, 5}, {"full", 1, 7}, {"random", 1, 8}, {"urandom", 1, 9}, {"tty", 5, 0}}

var defaultLinks = map[string]string{
	"/dev/fd": "/proc/self/fd", "/dev/stdin": "/proc/self/fd/0", "/dev/stdout": "/proc/self/fd/1",
	"/dev/stderr": "/proc/self/fd/2", "/dev/ptmx": "pts/ptmx",
}

func defaultDev() []protocol.Op {
	var ops []protocol.Op
	for _, device := range defaultDevices {
		ops = append(ops, &protocol.Device{Path: "/dev/" + device.name, Type: "c", Major: device.major, Minor: device.minor, Mode: 0o666})
	}
	for path, target := range defaultLinks {
		ops = append(ops, &protocol.Link{Path: path, Target: target})
	}
	return ops
}

func protectedPaths() []protocol.Op {
	var ops []protocol.Op
	for _, path := range []string{"/proc/acpi", "/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sched_debug", "/sys/firmware", "/proc/none"} {
		ops = append(ops, &protocol.Mask{Path: path})
	}
	for _, path := range []string{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger", "/proc/none"} {
		ops = append(ops, &protocol.ReadOnly{Path: path})
	}
	return ops
}

// defaultPlan is that of the default bundle, without its cgroup mount.
func defaultPlan() []protocol.Op {
	ops := defaultMounts()
	ops = append(ops, defaultDev()...)
	ops = append(ops, &protocol.Pivot{}, &protocol.RootAttributes{ReadOnly: true})
	return append(ops, protectedPaths()...)
}

func TestDefaultBundle(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("etc/motd", "inside")
		unix.Umask(0o077)
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, defaultPlan()...))

		b.seesOnly("/", "dev", "etc", "proc", "sys")
		b.readsAs("/etc/motd", "inside")
		b.hasMounts()
		b.hasDevices()
		for path, want := range defaultLinks {
			if target, err := os.Readlink(path); target != want {
				t.Errorf("%s leads to %q (%v), want %q", path, target, err, want)
			}
		}
		b.fails("a new file on the read-only root", os.WriteFile("/etc/new", nil, 0o600), unix.EROFS)
		b.fails("a sysctl on a read-only path", os.WriteFile("/proc/sys/kernel/panic", []byte("0"), 0), unix.EROFS)
		b.fails("a new file in a masked directory", os.WriteFile("/sys/firmware/new", nil, 0o600), unix.EROFS)
		b.readsAs("/proc/timer_list", "")
		b.seesOnly("/sys/firmware")
		if mask := unix.Umask(0); mask != 0o077 {
			t.Errorf("the file mode creation mask is %#o; it was 0o077", mask)
		}
	})
}

func (b *bundle) hasMounts() {
	b.Helper()
	got := map[string]shown{}
	for _, mount := range mountsBelow(b, "/") {
		got[mount.Path] = mount
	}
	want := map[string]shown{
		"/proc":          {"/proc", "/", "rw,relatime", "proc"},
		"/dev":           {"/dev", "/", "rw,nosuid", "tmpfs"},
		"/dev/pts":       {"/dev/pts", "/", "rw,nosuid,noexec,relatime", "devpts"},
		"/dev/shm":       {"/dev/shm", "/", "rw,nosuid,nodev,noexec,relatime", "tmpfs"},
		"/dev/mqueue":    {"/dev/mqueue", "/", "rw,nosuid,nodev,noexec,relatime", "mqueue"},
		"/sys":           {"/sys", "/", "ro,nosuid,nodev,noexec,relatime", "sysfs"},
		"/sys/firmware":  {"/sys/firmware", "/", "ro,nosuid,nodev,noexec,relatime", "tmpfs"},
		"/proc/kcore":    {"/proc/kcore", "/null", "rw,nosuid", "tmpfs"},
		"/proc/keys":     {"/proc/keys", "/null", "rw,nosuid", "tmpfs"},
		"/proc/sys":      {"/proc/sys", "/sys", "ro,relatime", "proc"},
		"/proc/irq":      {"/proc/irq", "/irq", "ro,relatime", "proc"},
		"/proc/fs":       {"/proc/fs", "/fs", "ro,relatime", "proc"},
		"/proc/bus":      {"/proc/bus", "/bus", "ro,relatime", "proc"},
		"/proc/acpi":     {"/proc/acpi", "/", "ro,nosuid,nodev,noexec,relatime", "tmpfs"},
		"/proc/none":     {},
		"/proc/sys/none": {},
	}
	for path, mount := range want {
		_, missing := os.Lstat(path)
		if missing != nil && got[path] == (shown{}) {
			continue // the kernel was built without it
		}
		if difference := cmp.Diff(mount, got[path]); difference != "" {
			b.Errorf("mount on %s (-want +got):\n%s", path, difference)
		}
	}
	for path := range got {
		if strings.Contains(path, b.canary) {
			b.Errorf("the host's %s is mounted in the container", path)
		}
	}
}

func (b *bundle) hasDevices() {
	b.Helper()
	for _, device := range defaultDevices {
		var stat unix.Stat_t
		b.check(unix.Lstat("/dev/"+device.name, &stat))
		if stat.Mode != unix.S_IFCHR|0o666 || stat.Rdev != unix.Mkdev(device.major, device.minor) {
			b.Errorf("/dev/%s has mode %#o and number %#x", device.name, stat.Mode, stat.Rdev)
		}
	}
}

func (b *bundle) seesOnly(directory string, want ...string) {
	b.Helper()
	entries, err := os.ReadDir(directory)
	b.check(err)
	var got []string
	for _, entry := range entries {
		got = append(got, entry.Name())
	}
	if difference := cmp.Diff(want, got); difference != "" {
		b.Errorf("in %s (-want +got):\n%s", directory, difference)
	}
}

func (b *bundle) readsAs(path, want string) {
	b.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		b.Errorf("%s reads as %q (%v), want %q", path, got, err, want)
	}
}

func (b *bundle) fails(what string, err error, want error) {
	b.Helper()
	if pathError, ok := err.(*os.PathError); !ok || pathError.Err != want {
		b.Errorf("%s: %v, want %v", what, err, want)
	}
}
