package rootfs

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// SPEC: M-OP-7
func TestPivotLeavesTheOldRoot(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("file", "inside")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, procMount(), &protocol.Pivot{}))
		b.seesOnly("/", "file", "proc")
		b.readsAs("file", "inside") // the working directory is the root
		if mounts := mountsBelow(b, "/"); len(mounts) != 2 {
			t.Errorf("mounts: %v", mounts)
		}
	})
}

// TestChrootIsLeft: even for a caller in a chroot, processes that join the container's
// mount namespace end up in the container's root.
//
// SPEC: M-OP-7
// CLASS: V19
func TestChrootIsLeft(t *testing.T) {
	for name, pivot := range map[string]*protocol.Pivot{"pivot": {}, "move": {Move: true}} {
		t.Run(name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeFile("file", "inside")
				above := filepath.Dir(b.root)
				b.check(unix.Mount(above, above, "", unix.MS_BIND|unix.MS_REC, ""))
				b.check(unix.Mount("", above, "", unix.MS_SHARED|unix.MS_REC, ""))
				b.check(unix.Chroot(above))
				builder := New()
				defer builder.Close()
				b.check(perform(builder,
					&protocol.Root{Source: "/root", Propagation: unix.MS_SLAVE | unix.MS_REC}, procMount(), pivot))
				own, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
				b.check(err)
				defer unix.Close(own)
				b.check(unix.Setns(own, unix.CLONE_NEWNS))
				b.seesOnly("/", "file", "proc")
				b.readsAs("file", "inside")
				if mounts := mountsBelow(b, "/"); len(mounts) != 2 {
					t.Errorf("mounts: %v", mounts)
				}
			})
		})
	}
}

// The host's own root may be the container's.
func TestHostRootAsRoot(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := New()
		defer builder.Close()
		b.check(perform(builder,
			&protocol.Root{Source: "/", Propagation: unix.MS_SLAVE | unix.MS_REC},
			procMount(), devMount(), ptsMount(),
			&protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: b.canary}))
		b.check(perform(builder, defaultDev()...))
		b.check(perform(builder, &protocol.ConsoleOp{}, &protocol.Pivot{}, &protocol.RootAttributes{ReadOnly: true}))
		b.check(perform(builder, protectedPaths()...))
		b.seesOnly(b.canary)
		b.check(os.WriteFile(b.canary+"/new", nil, 0o600))
		b.fails("write", os.WriteFile("/fsrun-test-of-a-read-only-root", nil, 0o600), unix.EROFS)
		b.readsAs("/proc/timer_list", "")
		for _, mount := range mountsBelow(b, "/proc") {
			if mount.Type != "proc" && mount.Type != "tmpfs" {
				t.Errorf("mount %v", mount)
			}
		}
	})
}

func TestDirectory(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeLink(b.canary+"/empty", "work")
		b.makeFile("file", "")
		builder := b.builder()
		defer builder.Close()
		unix.Umask(0o077)
		b.check(builder.Directory(&protocol.Directory{Path: "/"}))
		b.check(builder.Directory(&protocol.Directory{Path: "/work/a/b"}))
		b.check(builder.Directory(&protocol.Directory{Path: "/work/a"}))
		var stat unix.Stat_t
		b.check(unix.Lstat(b.inRoot(b.canary+"/empty/a/b"), &stat))
		if stat.Mode != unix.S_IFDIR|0o755 {
			t.Errorf("mode %#o", stat.Mode)
		}
		b.refuses(builder.Directory(&protocol.Directory{Path: "/file"}), "openat", unix.ENOTDIR)
	})
}

func TestPivotExplainsRefusal(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := b.builder()
		defer builder.Close()
		b.check(unix.Chroot(b.root)) // the root is no longer that of a mount
		b.check(setPropagationAt(builder.tree.root, "", "/", unix.MS_SHARED))
		err := builder.Pivot(&protocol.Pivot{})
		b.refuses(err, "pivot_root", unix.EINVAL)
		if !strings.Contains(err.Error(), "--no-pivot") {
			t.Errorf("error %q", err)
		}
	})
}

// What propagates from the host must not propagate back: neither the container's mounts,
// nor leaving the old root.
//
// SPEC: M-OP-7
func TestSharedOldRootStaysWhole(t *testing.T) {
	for name, propagation := range map[string]uint32{
		"shared":        unix.MS_SHARED | unix.MS_REC,
		"slave, shared": unix.MS_SLAVE | unix.MS_SHARED | unix.MS_REC,
		"slave":         unix.MS_SLAVE | unix.MS_REC,
		"private":       unix.MS_PRIVATE | unix.MS_REC,
		"not recursive": unix.MS_SLAVE,
		"as it is":      0,
	} {
		for _, move := range []bool{false, true} {
			t.Run(name+map[bool]string{true: " and moved"}[move], func(t *testing.T) {
				isolated(t, func(host *bundle) {
					// This thread is the host, another is the container.
					host.check(setPropagationAt(unix.AT_FDCWD, "/", "/", unix.MS_SHARED|unix.MS_REC))
					before := mountsBelow(host, "/")
					namespace, err := openat(unix.AT_FDCWD, "/proc/thread-self/ns/mnt", unix.O_RDONLY)
					host.check(err)
					defer unix.Close(namespace)
					host.inCopy(namespace, func() {
						builder := New()
						defer builder.Close()
						host.check(perform(builder,
							&protocol.Root{Source: host.root, Propagation: propagation},
							procMount(), &protocol.Bind{Source: host.canary, Destination: "/data", Recursive: true},
							&protocol.Pivot{Move: move}, &protocol.RootAttributes{Propagation: unix.MS_SHARED}))
						host.seesOnly("/", "data", "proc")
					})
					if difference := cmp.Diff(before, mountsBelow(host, "/")); difference != "" {
						t.Errorf("the host's mounts changed (-before +after):\n%s", difference)
					}
				})
			})
		}
	}
}

// inCopy calls run on another thread, in a copy of a mount namespace.
func (b *bundle) inCopy(namespace int, run func()) {
	b.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		b.check(unix.Unshare(unix.CLONE_FS))
		b.check(unix.Setns(namespace, unix.CLONE_NEWNS))
		b.check(unix.Unshare(unix.CLONE_NEWNS))
		if openat2Blocked() {
			b.check(blockOpenat2())
		}
		run()
	}()
	<-done
}

// Where pivot_root(2) cannot work, no mount of the host may remain within reach of a
// process that leaves its chroot.
//
// SPEC: M-OP-7
func TestMoveUnmountsTheHost(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("file", "inside")
		awkward := filepath.Join(b.TempDir(), "a b\tc\\d")
		b.check(os.Mkdir(awkward, 0o755))
		b.check(unix.Mount("tmpfs", awkward, "tmpfs", 0, ""))
		b.check(unix.Mount("tmpfs", awkward, "tmpfs", 0, ""))
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, procMount(), devMount(), &protocol.Pivot{Move: true}))
		b.seesOnly("/", "dev", "file", "proc")
		b.readsAs("file", "inside")
		b.fails("write", os.WriteFile("/proc/sys/kernel/none", nil, 0o600), unix.ENOENT)

		// Leave the chroot, as a privileged process can.
		b.check(os.Mkdir("/dev/jail", 0o700))
		old, err := openat(unix.AT_FDCWD, "/", unix.O_PATH)
		b.check(err)
		b.check(unix.Chroot("/dev/jail"))
		b.check(unix.Fchdir(old))
		for range 32 {
			b.check(unix.Chdir(".."))
		}
		b.check(unix.Chroot("."))
		b.readsAs("/file", "inside") // ".." leads to what is mounted on top
		var paths []string
		for _, mount := range mountsFrom(b, builder) {
			paths = append(paths, mount.path)
		}
		slices.Sort(paths)
		if difference := cmp.Diff([]string{"/", "/dev", "/proc"}, paths); difference != "" {
			t.Errorf("mounts left (-want +got):\n%s", difference)
		}
	})
}

// mountsFrom reads the mount table through the Builder's private procfs.
func mountsFrom(b *bundle, builder *Builder) []mountEntry {
	b.Helper()
	table, err := builder.mountTable()
	b.check(err)
	mounts, err := parseMountInfo(table)
	b.check(err)
	return mounts
}

func TestParseMountInfoRefuses(t *testing.T) {
	for _, table := range []string{"x", "1 2 3 4", "a 1 0:1 / / rw - x x x", "1 b 0:1 / / rw - x x x"} {
		if mounts, err := parseMountInfo(table); err == nil {
			t.Errorf("parseMountInfo(%q) = %v; it should be refused", table, mounts)
		}
	}
}

func TestRootRefusals(t *testing.T) {
	isolated(t, func(b *bundle) {
		builder := New()
		defer builder.Close()
		b.refuses(builder.Root(&protocol.Root{Source: b.canary + "/none"}), "openat", unix.ENOENT)
		b.refuses(builder.Root(&protocol.Root{Source: b.canary + "/passwd"}), "openat", unix.ENOTDIR)
	})
}
