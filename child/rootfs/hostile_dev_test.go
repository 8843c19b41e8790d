package rootfs

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// An image without a /dev mount may have a symbolic link there: what is made is made where
// the link leads inside the root.
//
// SPEC: M-TRUST-7
// CLASS: V6
func TestDevLeadsOutside(t *testing.T) {
	for name, target := range map[string]func(b *bundle) string{
		"absolute": func(b *bundle) string { return b.canary + "/dev" },
		"relative": func(b *bundle) string { return "../../../../../../.." + b.canary + "/dev" },
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeLink(target(b), "dev")
				builder := b.builder()
				defer builder.Close()
				b.check(perform(builder, defaultDev()...))
				inside := b.inRoot(b.canary + "/dev")
				var stat unix.Stat_t
				b.check(unix.Lstat(filepath.Join(inside, "zero"), &stat))
				if stat.Mode != unix.S_IFCHR|0o666 || stat.Rdev != unix.Mkdev(1, 5) {
					t.Errorf("mode %#o, number %#x", stat.Mode, stat.Rdev)
				}
				if target, err := os.Readlink(filepath.Join(inside, "stdin")); target != "/proc/self/fd/0" {
					t.Errorf("stdin leads to %q (%v)", target, err)
				}
			})
		})
	}
}

// SPEC: M-OP-4
func TestDeviceWhereSomethingStands(t *testing.T) {
	device := &protocol.Device{Path: "/dev/null", Type: "c", Major: 1, Minor: 3, Mode: 0o666}
	for _, test := range []struct {
		name    string
		make    func(b *bundle)
		refused bool
	}{
		{"nothing", func(b *bundle) {}, false},
		{"the device", func(b *bundle) { b.makeNode("dev/null", 1, 3) }, false},
		{"another device", func(b *bundle) { b.makeNode("dev/null", 1, 5) }, true},
		{"a link to the device", func(b *bundle) { b.makeNode("real", 1, 3); b.makeLink("/real", "dev/null") }, true},
		{"a link outside", func(b *bundle) { b.makeLink(b.canary+"/dev/null", "dev/null") }, true},
		{"a link to nothing", func(b *bundle) { b.makeLink("none", "dev/null") }, true},
		{"a file", func(b *bundle) { b.makeFile("dev/null", "") }, true},
		{"a directory", func(b *bundle) { b.makeDirectory("dev/null") }, true},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeDirectory("dev")
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				err := builder.Device(device)
				if test.refused {
					b.refuses(err, "mknodat", unix.EEXIST)
				} else {
					b.check(err)
				}
			})
		})
	}
}

func (b *bundle) makeNode(name string, major, minor uint32) {
	b.Helper()
	b.check(os.MkdirAll(filepath.Dir(b.inRoot(name)), 0o755))
	b.check(unix.Mknod(b.inRoot(name), unix.S_IFCHR|0o600, int(unix.Mkdev(major, minor))))
}

func TestDeviceModeAndOwner(t *testing.T) {
	isolated(t, func(b *bundle) {
		unix.Umask(0o777)
		builder := b.builder()
		defer builder.Close()
		for _, op := range []*protocol.Device{
			{Path: "/dev/a", Type: "c", Major: 1, Minor: 3, Mode: 0o666},
			{Path: "/dev/b", Type: "b", Major: 7, Minor: 300, Mode: 0o640, UID: 12, GID: 34},
			{Path: "/dev/c", Type: "p", Mode: 0o6751, UID: 1, GID: 0},
			{Path: "/dev/d/e/f", Type: "c", Major: 10, Minor: 200, Mode: 0, GID: 5},
		} {
			b.check(builder.Device(op))
			var stat unix.Stat_t
			b.check(unix.Lstat(b.inRoot(op.Path), &stat))
			if stat.Mode != deviceTypes[op.Type]|op.Mode || stat.Uid != op.UID || stat.Gid != op.GID {
				t.Errorf("%s: mode %#o of %d:%d", op.Path, stat.Mode, stat.Uid, stat.Gid)
			}
			if op.Type != "p" && stat.Rdev != unix.Mkdev(op.Major, op.Minor) {
				t.Errorf("%s: number %#x", op.Path, stat.Rdev)
			}
		}
		b.refuses(builder.Device(&protocol.Device{Path: "/", Type: "c"}), "openat", unix.EISDIR)
		b.refuses(builder.Device(&protocol.Device{Path: "/dev/x", Type: "u"}), "mknodat", unix.EINVAL)
	})
}

func TestBoundDevice(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		bound := &protocol.Device{Path: "/dev/null", Type: "c", Major: 1, Minor: 3, Bound: true}
		b.check(builder.Device(bound))
		var stat unix.Stat_t
		b.check(unix.Lstat(b.inRoot("dev/null"), &stat))
		if !null.is(&stat) {
			t.Errorf("mode %#o, number %#x", stat.Mode, stat.Rdev)
		}
		other := *bound
		other.Minor = 5
		b.refuses(builder.Device(&other), "open_tree", unix.ENXIO)
		b.makeLink(b.canary+"/console", "dev/zero")
		zero := &protocol.Device{Path: "/dev/zero", Type: "c", Major: 1, Minor: 5, Bound: true}
		b.refuses(builder.Device(zero), "openat", unix.EEXIST)
	})
}

func TestLinkLeavesWhatStands(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("dev/core", "image")
		b.makeLink("/proc/self/fd", "dev/fd")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder,
			&protocol.Link{Path: "/dev/core", Target: "/proc/kcore"},
			&protocol.Link{Path: "/dev/fd", Target: "/proc/self/fd"}))
		b.readsAs(b.inRoot("dev/core"), "image")
	})
}

// Files are masked with the null device, never with an image's fake.
//
// SPEC: M-OP-5
// CLASS: V7
func TestMaskNeedsTheNullDevice(t *testing.T) {
	for _, test := range []struct {
		name  string
		make  func(b *bundle)
		call  string
		errno unix.Errno
	}{
		{"missing", func(b *bundle) {}, openCall(), unix.ENOENT},
		{"a link to a parameter", func(b *bundle) { b.makeLink("/proc/sys/kernel/core_pattern", "dev/null") }, openCall(), unix.ELOOP},
		{"a link to the device", func(b *bundle) { b.makeNode("real", 1, 3); b.makeLink("/real", "dev/null") }, openCall(), unix.ELOOP},
		{"in a linked directory", func(b *bundle) { b.makeNode("real/null", 1, 3); b.makeLink("real", "dev") }, openCall(), unix.ELOOP},
		{"a file", func(b *bundle) { b.makeFile("dev/null", "") }, "fstat", unix.EINVAL},
		{"a directory", func(b *bundle) { b.makeDirectory("dev/null") }, "fstat", unix.EINVAL},
		{"another device", func(b *bundle) { b.makeNode("dev/null", 1, 5) }, "fstat", unix.EINVAL},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeFile("secret", "s")
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				b.check(perform(builder, procMount(), &protocol.Pivot{}))
				b.refuses(builder.Mask(&protocol.Mask{Path: "/secret"}), test.call, test.errno)
				if mounts := mountsBelow(b, "/secret"); len(mounts) != 0 {
					t.Errorf("masked with %v", mounts)
				}
				_, err := builder.Null()
				b.refuses(err, test.call, test.errno)
			})
		})
	}
}

// A mask on a symbolic link covers what it leads to inside the root.
func TestMaskFollowsInside(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeNode("dev/null", 1, 3)
		b.makeFile(b.canary+"/passwd", "inside")
		b.makeLink(b.canary+"/passwd", "secret")
		b.makeFile(b.canary+"/file", "kept")
		b.makeFile("directory/file", "hidden")
		b.makeFile("second/file", "hidden")
		b.makeLink("../../../../../../../../directory", "link")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder,
			&protocol.Mask{Path: "/secret"}, &protocol.Mask{Path: "/link"}, &protocol.Mask{Path: "/second"},
			&protocol.ReadOnly{Path: b.canary + "/file"}))
		b.readsAs(b.canary+"/passwd", "root")
		b.readsAs(b.inRoot(b.canary+"/passwd"), "")
		b.seesOnly(b.inRoot("directory"))
		b.seesOnly(b.inRoot("second"))
		b.fails("write", os.WriteFile(b.inRoot(b.canary+"/file"), nil, 0), unix.EROFS)
		b.check(os.Chmod(b.canary+"/console", 0o640)) // the host's remains writable
	})
}

// CLASS: V9
func TestReadOnlyCoversMountsBelow(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeDirectory("data/below")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder,
			&protocol.Mount{Filesystem: "tmpfs", Destination: "/data/below"},
			&protocol.ReadOnly{Path: "/data"}, &protocol.Pivot{}))
		b.fails("write", os.WriteFile("/data/file", nil, 0o600), unix.EROFS)
		b.fails("write", os.WriteFile("/data/below/file", nil, 0o600), unix.EROFS)
		b.check(os.WriteFile("/file", nil, 0o600))
	})
}
