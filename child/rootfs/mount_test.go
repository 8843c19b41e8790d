package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// CLASS: V5
func TestMountFollowsInside(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeLink(b.canary, "volume")
		builder := b.builder()
		defer builder.Close()
		b.check(builder.Mount(&protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/volume/empty"}))
		if mounts := mountsBelow(b, b.inRoot(b.canary)); len(mounts) != 1 || mounts[0].Path != b.inRoot(b.canary+"/empty") {
			t.Errorf("mounts: %v", mounts)
		}
	})
}

// TestMountRefusals: what the kernel refuses is refused as a whole: there is no mount
// without the option that failed.
//
// SPEC: M-PLAN-6
func TestMountRefusals(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		for _, test := range []struct {
			op    protocol.Mount
			call  string
			errno unix.Errno
			says  string
		}{
			{protocol.Mount{Filesystem: "nosuchfs"}, "fsopen", unix.ENODEV, "no such file system"},
			{protocol.Mount{Filesystem: "tmpfs", Options: options("size=many")}, "fsconfig", unix.EINVAL, "Bad value for 'size'"},
			{protocol.Mount{Filesystem: "tmpfs", Options: options("sise=1k")}, "fsconfig", unix.EINVAL, "Unknown parameter 'sise'"},
			{protocol.Mount{Filesystem: "overlay", Options: options("lowerdir=" + strings.Repeat("a", 256))}, "fsconfig", unix.EINVAL, "longer than the 255 bytes"},
			{protocol.Mount{Filesystem: "tmpfs", Set: 1 << 30}, "fsmount", unix.EINVAL, ""},
		} {
			test.op.Destination = "/made"
			err := builder.Mount(&test.op)
			b.refuses(err, test.call, test.errno)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q does not say %q", err, test.says)
			}
		}
		if mounts := mountsBelow(b, b.root); len(mounts) != 1 {
			t.Errorf("mounts: %v", mounts)
		}
	})
}

// TestMountMode: a tmpfs takes over the mode of the directory that it covers, even through
// a symbolic link, unless it has a mode of its own.
func TestMountMode(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeDirectory("private")
		b.makeLink("/private", "link")
		unix.Umask(0)
		b.check(os.Chown(b.inRoot("private"), 5, 6))
		b.check(unix.Chmod(b.inRoot("private"), 0o3750))
		unix.Umask(0o077)
		builder := b.builder()
		defer builder.Close()
		for _, test := range []struct {
			destination, options string
			shown                string
			want                 uint32
		}{
			{"/private", "size=1m", "private", 0o3750},
			{"/link", "nr_inodes=10", "private", 0o3750}, // of the tmpfs that is there now
			{"/private", "mode=0711", "private", 0o711},
			{"/missing/one", "size=1m", "missing/one", 0o1777},
		} {
			b.check(builder.Mount(&protocol.Mount{Filesystem: "tmpfs", Destination: test.destination, Options: options(test.options)}))
			var stat unix.Stat_t
			b.check(unix.Stat(b.inRoot(test.shown), &stat))
			if stat.Mode&0o7777 != test.want || stat.Uid != 0 || stat.Gid != 0 {
				t.Errorf("%s, %s: mode %#o of %d:%d, want %#o of root", test.destination, test.options, stat.Mode&0o7777, stat.Uid, stat.Gid, test.want)
			}
		}
	})
}

func TestMountOverlay(t *testing.T) {
	isolated(t, func(b *bundle) {
		layers := filepath.Join(filepath.Dir(b.root), "layers")
		b.check(os.MkdirAll(layers, 0o755))
		b.check(unix.Mount("tmpfs", layers, "tmpfs", 0, ""))
		for _, layer := range []string{"lower", "upper", "work"} {
			b.check(os.Mkdir(filepath.Join(layers, layer), 0o755))
		}
		b.write(layers+"/lower/file", "below")
		builder := b.builder()
		defer builder.Close()
		err := builder.Mount(&protocol.Mount{Filesystem: "overlay", Source: "overlay", Destination: "/merged", Options: options(
			"lowerdir="+layers+"/lower", "upperdir="+layers+"/upper", "workdir="+layers+"/work")})
		if errors.Is(err, unix.ENODEV) {
			unavailable(t, "the kernel has no overlay file system")
			return
		}
		b.check(err)
		b.readsAs(b.inRoot("merged/file"), "below")
		b.check(os.WriteFile(b.inRoot("merged/file"), []byte("above"), 0o600))
		b.readsAs(layers+"/lower/file", "below")
		b.readsAs(layers+"/upper/file", "above")
	})
}

func TestCopyUp(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("data/sub/file", strings.Repeat("content", 100_000))
		b.makeLink(b.canary+"/passwd", "data/out")
		b.makeDirectory("data/empty")
		b.check(unix.Mkfifo(b.inRoot("data/fifo"), 0o622))
		b.check(os.Chmod(b.inRoot("data/fifo"), 0o622))
		b.check(os.Lchown(b.inRoot("data/out"), 3, 4))
		b.check(os.Chown(b.inRoot("data/sub/file"), 1, 2))
		b.check(os.Chmod(b.inRoot("data/sub/file"), os.ModeSetuid|0o751))
		b.check(os.Chmod(b.inRoot("data/sub"), os.ModeSticky|0o700))
		b.check(os.Chmod(b.inRoot("data"), 0o711))
		want := snapshot(t, b.inRoot("data"))
		b.makeLink("data", "volume")
		unix.Umask(0o077)
		builder := b.builder()
		defer builder.Close()
		b.check(builder.Mount(&protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/volume", CopyUp: true}))
		if mounts := mountsBelow(b, b.inRoot("data")); len(mounts) != 1 {
			t.Errorf("mounts: %v", mounts)
		}
		b.sameTree(want, snapshot(t, b.inRoot("data")))
		b.check(os.Remove(b.inRoot("data/sub/file")))
		b.check(unix.Unmount(b.inRoot("data"), 0))
		b.sameTree(want, snapshot(t, b.inRoot("data")))
	})
}

func (b *bundle) sameTree(want, got map[string]entry) {
	b.Helper()
	for name := range want {
		if want[name] != got[name] {
			b.Errorf("%q is %+v, want %+v", name, got[name], want[name])
		}
	}
	if len(got) != len(want) {
		b.Errorf("%d files, want %d", len(got), len(want))
	}
}

func TestCopyUpIsBounded(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(b *bundle)
		says string
	}{
		{"depth", func(b *bundle) { b.makeDirectory("data" + strings.Repeat("/d", maxCopyDepth+1)) }, "deep"},
		{"bytes", func(b *bundle) {
			b.makeFile("data/sparse", "")
			b.check(os.Truncate(b.inRoot("data/sparse"), maxCopyBytes*1024))
		}, "no space left"},
		{"devices", func(b *bundle) { b.makeNode("data/mem", 1, 1) }, "a character device is not copied"},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				err := builder.Mount(&protocol.Mount{Filesystem: "tmpfs", Destination: "/data", CopyUp: true, Options: options("size=1m")})
				if err == nil || !strings.Contains(err.Error(), test.says) {
					t.Errorf("error %v, want %q", err, test.says)
				}
				if mounts := mountsBelow(b, b.inRoot("data")); len(mounts) != 0 {
					t.Errorf("mounts: %v", mounts)
				}
			})
		})
	}
}

func TestCopyUpCounts(t *testing.T) {
	isolated(t, func(b *bundle) {
		for i := range 12 {
			b.makeFile(fmt.Sprintf("data/%d", i), "1234567890")
		}
		for _, test := range []struct {
			limits copier
			says   string
		}{{copier{entries: 11, bytes: 1000}, "files"}, {copier{entries: 12, bytes: 119}, "bytes"}, {copier{entries: 12, bytes: 120}, ""}} {
			target := filepath.Join(b.TempDir(), "copy")
			b.check(os.Mkdir(target, 0o755))
			var own process
			source, err := openat(unix.AT_FDCWD, b.inRoot("data"), unix.O_RDONLY)
			b.check(err)
			to, err := openat(unix.AT_FDCWD, target, unix.O_RDONLY)
			b.check(err)
			test.limits.process = &own
			err = test.limits.directory(source, to, "data", 0)
			unix.Close(to)
			own.close()
			if test.says == "" {
				b.check(err)
			} else if err == nil || !errors.Is(err, unix.EFBIG) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %v, want one about %s", err, test.says)
			}
		}
	})
}
