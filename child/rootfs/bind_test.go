package rootfs

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// SPEC: M-TRUST-7
func TestBindMakesItsDestination(t *testing.T) {
	for _, test := range []struct {
		name        string
		make        func(b *bundle)
		destination string
		at          func(b *bundle) string // where it must be, in the root
	}{
		{"nothing is there", func(b *bundle) {}, "/a/b/c/file", nil},
		{"dots in the path", func(b *bundle) {}, "/../a/./x/../b/file", func(*bundle) string { return "a/b/file" }},
		{"a file is there", func(b *bundle) { b.makeFile("etc/hosts", "image") }, "/etc/hosts", nil},
		{"a link to a file", func(b *bundle) { b.makeFile("run/hosts", "image"); b.makeLink("/run/hosts", "etc/hosts") },
			"/etc/hosts", func(*bundle) string { return "run/hosts" }},
		{"a link to nothing", func(b *bundle) { b.makeLink("../run/resolve/stub.conf", "etc/resolv.conf") },
			"/etc/resolv.conf", func(*bundle) string { return "run/resolve/stub.conf" }},
		{"a chain of links to nothing", func(b *bundle) { b.makeLink("two", "one"); b.makeLink("../../../three/four", "two") },
			"/one/five", func(*bundle) string { return "three/four/five" }},
		{"a link outside", func(b *bundle) { b.makeLink(b.canary+"/passwd", "etc/passwd") },
			"/etc/passwd", func(b *bundle) string { return b.canary + "/passwd" }},
		{"a directory link outside", func(b *bundle) { b.makeLink("../../../../../../../.."+b.canary, "etc") },
			"/etc/passwd", func(b *bundle) string { return b.canary + "/passwd" }},
		{"dots behind a link", func(b *bundle) { b.makeDirectory("x/y"); b.makeLink("x/y/../..", "up") },
			"/up/up/up/file", func(*bundle) string { return "file" }},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				source := filepath.Join(filepath.Dir(b.root), "source")
				b.write(source, "bound")
				b.check(builder.Bind(&protocol.Bind{Source: source, Destination: test.destination}, -1))
				at := test.destination
				if test.at != nil {
					at = test.at(b)
				}
				b.readsAs(b.inRoot(at), "bound")
				if mounts := mountsBelow(b, filepath.Dir(b.root)); len(mounts) != 2 || mounts[1].Path != b.inRoot(at) {
					t.Errorf("mounts: %v", mounts)
				}
			})
		})
	}
}

func TestBindRefusals(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeLink("loop", "loop")
		b.makeLink("/", "slash")
		b.makeFile("file", "")
		b.makeDirectory("directory")
		builder := b.builder()
		defer builder.Close()
		walk := openCall()
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary + "/none", Destination: "/x"}, -1), "open_tree", unix.ENOENT)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/loop"}, -1), walk, unix.ELOOP)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/loop/x"}, -1), walk, unix.ELOOP)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/file/x"}, -1), walk, unix.ENOTDIR)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/file"}, -1), "move_mount", unix.ENOTDIR)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary + "/passwd", Destination: "/directory"}, -1), "move_mount", unix.ENOTDIR)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/"}, -1), "move_mount", unix.EBUSY)
		b.refuses(builder.Bind(&protocol.Bind{Source: b.canary, Destination: "/slash"}, -1), "move_mount", unix.EBUSY)
	})
}

// If the parent has opened the source, the path is not used.
func TestBindOfATree(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		tree, err := cloneTree(unix.AT_FDCWD, b.canary, 0)
		b.check(err)
		defer unix.Close(tree)
		b.check(builder.Bind(&protocol.Bind{Source: "/none", Destination: "/data", ByParent: true, Set: ro}, tree))
		b.readsAs(b.inRoot("data/passwd"), "root")
		b.fails("write", os.WriteFile(b.inRoot("data/passwd"), nil, 0), unix.EROFS)
	})
}

func TestBindAttributes(t *testing.T) {
	isolated(t, func(b *bundle) {
		source := filepath.Join(filepath.Dir(b.root), "source")
		b.check(os.MkdirAll(source+"/below", 0o755))
		b.check(unix.Mount("tmpfs", source+"/below", "tmpfs", unix.MS_NOEXEC, ""))
		builder := b.builder()
		defer builder.Close()
		bind := func(destination string, change func(*protocol.Bind)) string {
			b.Helper()
			op := &protocol.Bind{Source: source, Destination: destination, Recursive: true}
			change(op)
			b.check(builder.Bind(op, -1))
			var options []string
			for _, mount := range mountsBelow(b, b.inRoot(destination)) {
				options = append(options, mount.Options)
			}
			return strings.Join(options, " | ")
		}
		for _, test := range []struct {
			name   string
			change func(*protocol.Bind)
			want   string
		}{
			{"plain", func(*protocol.Bind) {}, "rw,relatime | rw,noexec,relatime"},
			{"alone", func(op *protocol.Bind) { op.Recursive = false }, "rw,relatime"},
			{"ro", func(op *protocol.Bind) { op.Set = ro }, "ro,relatime | rw,noexec,relatime"},
			{"rro", func(op *protocol.Bind) { op.RecursiveSet = ro }, "ro,relatime | ro,noexec,relatime"},
			{"rro,rw", func(op *protocol.Bind) { op.RecursiveSet, op.Clear = ro, ro }, "rw,relatime | ro,noexec,relatime"},
			{"rexec", func(op *protocol.Bind) { op.RecursiveClear = noexec }, "rw,relatime | rw,relatime"},
			{"noatime", func(op *protocol.Bind) { op.Set = unix.MOUNT_ATTR_NOATIME | nosuid }, "rw,nosuid,noatime | rw,noexec,relatime"},
		} {
			if got := bind("/"+test.name, test.change); got != test.want {
				t.Errorf("%s: mount options %q, want %q", test.name, got, test.want)
			}
		}
	})
}

func TestPropagation(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.check(unix.Mount("tmpfs", b.canary+"/empty", "tmpfs", 0, ""))
		b.check(unix.Mount("", b.canary+"/empty", "", unix.MS_SHARED, ""))
		defer unix.Unmount(b.canary+"/empty", unix.MNT_DETACH)
		b.makeDirectory("made")
		builder := b.builder() // makes the whole old tree slave
		defer builder.Close()
		for _, test := range []struct {
			propagation uint32
			want        []string
		}{
			{unix.MS_PRIVATE, nil},
			{unix.MS_SHARED, []string{"shared:"}},
			{unix.MS_SLAVE | unix.MS_SHARED | unix.MS_REC, []string{"shared:"}},
			{unix.MS_UNBINDABLE, []string{"unbindable"}},
		} {
			b.check(builder.Bind(&protocol.Bind{Source: b.canary + "/empty", Destination: "/made", Propagation: test.propagation}, -1))
			if got := propagationOf(b, b.inRoot("made")); !matches(got, test.want) {
				t.Errorf("propagation %#x: %q, want %q", test.propagation, got, test.want)
			}
			b.check(unix.Unmount(b.inRoot("made"), unix.MNT_DETACH))
		}
		err := builder.Mount(&protocol.Mount{Filesystem: "tmpfs", Destination: "/made", Propagation: unix.MS_RDONLY})
		b.refuses(err, "mount_setattr", unix.EINVAL)
	})
}

// TestPropagationBeneathASharedMount: the kernel makes shared whatever is attached to a
// shared mount, so its propagation must be set again afterwards.
//
// CLASS: V18
// SPEC: M-PLAN-6
func TestPropagationBeneathASharedMount(t *testing.T) {
	for _, test := range []struct {
		name        string
		propagation uint32
		want        []string
		shows       bool // on the source of the shared bind, what is mounted inside
	}{
		{"private", unix.MS_PRIVATE, nil, false},
		{"private and all below", unix.MS_PRIVATE | unix.MS_REC, nil, false},
		{"unbindable", unix.MS_UNBINDABLE, []string{"unbindable"}, false},
		{"slave", unix.MS_SLAVE, []string{"master:"}, false},
		{"slave, shared", unix.MS_SLAVE | unix.MS_SHARED, []string{"shared:", "master:"}, false},
		{"shared", unix.MS_SHARED, []string{"shared:"}, true},
		{"nothing said", 0, []string{"shared:"}, true},
	} {
		for kind, put := range map[string]func(*Builder, uint32) error{
			"bind": func(b *Builder, propagation uint32) error {
				return b.Bind(&protocol.Bind{Source: "volume", Destination: "/h/put", Recursive: true, Propagation: propagation}, -1)
			},
			"tmpfs": func(b *Builder, propagation uint32) error {
				return b.Mount(&protocol.Mount{Filesystem: "tmpfs", Destination: "/h/put", Propagation: propagation})
			},
		} {
			t.Run(kind+", "+test.name, func(t *testing.T) {
				isolated(t, func(b *bundle) {
					above := filepath.Dir(b.root)
					b.check(os.MkdirAll(filepath.Join(above, "volume/inside"), 0o755))
					source := filepath.Join(above, "source")
					b.check(os.Mkdir(source, 0o755))
					b.check(unix.Mount("tmpfs", source, "tmpfs", 0, ""))
					b.check(unix.Mount("", source, "", unix.MS_SHARED, ""))
					b.check(unix.Chdir(above))
					builder := New()
					defer builder.Close()
					b.check(builder.Root(&protocol.Root{Source: b.root}))
					b.check(builder.Bind(&protocol.Bind{Source: source, Destination: "/h", Recursive: true, Propagation: unix.MS_SHARED | unix.MS_REC}, -1))
					b.check(put(builder, test.propagation))
					if got := propagationOf(b, b.inRoot("h/put")); !matches(got, test.want) {
						t.Errorf("propagation %q, want %q", got, test.want)
					}
					b.check(os.MkdirAll(b.inRoot("h/put/inside"), 0o755))
					b.check(unix.Mount("inside", b.inRoot("h/put/inside"), "tmpfs", 0, ""))
					shows := false
					for _, mount := range mountsBelow(b, source) {
						shows = shows || mount.Path == source+"/put/inside"
					}
					if shows != test.shows {
						t.Errorf("what is mounted inside shows on the host: %t, want %t", shows, test.shows)
					}
				})
			})
		}
	}
}

// TestPropagationAgainCostsNothing: where no mount can be shared, the propagation of each
// is set once. There may be a thousand.
func TestPropagationAgainCostsNothing(t *testing.T) {
	builder := newBuilder(none)
	const closed = none // mount_setattr(2) would fail on it
	for _, propagation := range []uint32{unix.MS_PRIVATE | unix.MS_REC, unix.MS_SLAVE, unix.MS_UNBINDABLE, 0} {
		if err := builder.propagateAttached(closed, "/x", propagation); err != nil {
			t.Errorf("propagation %#x: %v", propagation, err)
		}
	}
	if builder.sharing {
		t.Error("a mount is thought to be shared")
	}
	if err := builder.propagateAttached(closed, "/x", unix.MS_SHARED); err != nil || !builder.sharing {
		t.Errorf("%v, sharing %t", err, builder.sharing)
	}
	if err := builder.propagateAttached(closed, "/x", unix.MS_PRIVATE); err == nil {
		t.Error("beneath a shared mount the propagation was not set again")
	}
}

// propagationOf returns the optional fields of the mount at a path (proc_pid_mountinfo(5)).
func propagationOf(b *bundle, path string) []string {
	b.Helper()
	table, err := os.ReadFile("/proc/thread-self/mountinfo")
	b.check(err)
	for line := range strings.Lines(string(table)) {
		if fields := strings.Fields(line); fields[4] == path {
			before, _, _ := strings.Cut(line, " - ")
			return strings.Fields(before)[6:]
		}
	}
	b.Fatalf("nothing is mounted on %s", path)
	return nil
}

func matches(got, prefixes []string) bool {
	if len(got) != len(prefixes) {
		return false
	}
	for i := range got {
		if !strings.HasPrefix(got[i], prefixes[i]) {
			return false
		}
	}
	return true
}
