package rootfs

import (
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

func TestConsole(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeDirectory("proc")
		unix.Umask(0o777)
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, procMount(), devMount(), ptsMount()))
		master, peer, err := builder.Console(&protocol.ConsoleOp{Width: 132, Height: 43})
		b.check(err)
		defer unix.Close(master)
		defer unix.Close(peer)
		b.check(perform(builder, &protocol.Pivot{}))

		var console, end unix.Stat_t
		b.check(unix.Lstat("/dev/console", &console))
		b.check(unix.Fstat(peer, &end))
		if console.Ino != end.Ino || console.Dev != end.Dev || console.Rdev != end.Rdev {
			t.Errorf("/dev/console is %#x, the peer is %#x", console.Rdev, end.Rdev)
		}
		if end.Gid != 5 || end.Mode != unix.S_IFCHR|0o620 {
			t.Errorf("the peer has mode %#o and group %d", end.Mode, end.Gid)
		}
		size, err := unix.IoctlGetWinsize(peer, unix.TIOCGWINSZ)
		if err != nil || size.Col != 132 || size.Row != 43 {
			t.Errorf("window %+v (%v)", size, err)
		}
		b.relays(peer, master, "one\n")
		b.relays(master, peer, "two\n")
		for _, descriptor := range []int{master, peer} {
			flags, err := unix.FcntlInt(uintptr(descriptor), unix.F_GETFD, 0)
			if err != nil || flags&unix.FD_CLOEXEC == 0 {
				t.Errorf("descriptor flags %#x (%v)", flags, err)
			}
		}
	})
}

func (b *bundle) relays(from, to int, text string) {
	b.Helper()
	_, err := unix.Write(from, []byte(text))
	b.check(err)
	buffer := make([]byte, 64)
	length, err := unix.Read(to, buffer)
	if err != nil || string(buffer[:length]) != text {
		b.Errorf("%q arrives as %q (%v)", text, buffer[:length], err)
	}
}

// CLASS: V6, V8
func TestConsoleRefusals(t *testing.T) {
	for _, test := range []struct {
		name  string
		ops   []protocol.Op
		make  func(b *bundle)
		call  string
		errno unix.Errno
	}{
		{"no devpts", nil, func(b *bundle) {}, openCall(), unix.ENOENT},
		{"a directory for a devpts", nil, func(b *bundle) { b.makeNode("dev/pts/ptmx", 5, 2) }, "fstatfs", unix.ENOTTY},
		{"dev leads outside", nil, func(b *bundle) { b.makeLink(b.canary+"/dev", "dev") }, openCall(), unix.ENOENT},
		{"console leads outside", []protocol.Op{ptsMount()}, func(b *bundle) { b.makeLink(b.canary+"/console", "dev/console") }, "openat", unix.EEXIST},
		{"console leads to a device", []protocol.Op{ptsMount()}, func(b *bundle) { b.makeLink("null", "dev/console"); b.makeNode("dev/null", 1, 3) }, "openat", unix.EEXIST},
		{"console is a directory", []protocol.Op{ptsMount()}, func(b *bundle) { b.makeDirectory("dev/console") }, "openat", unix.EEXIST},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				test.make(b)
				builder := b.builder()
				defer builder.Close()
				b.check(perform(builder, test.ops...))
				_, _, err := builder.Console(&protocol.ConsoleOp{})
				b.refuses(err, test.call, test.errno)
				for _, mount := range mountsBelow(b, b.root) {
					if mount.Path == b.inRoot("dev/console") {
						t.Errorf("mounted: %v", mount)
					}
				}
			})
		})
	}
}

// If an image without a /dev mount has a dev that leads outside, the console is made
// inside.
func TestConsoleThroughLinkedDev(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeLink(b.canary, "dev")
		builder := b.builder()
		defer builder.Close()
		b.check(perform(builder, ptsMount(), &protocol.ConsoleOp{}))
		var stat unix.Stat_t
		b.check(unix.Lstat(b.inRoot(b.canary+"/console"), &stat))
		if !isType(stat.Mode, unix.S_IFCHR) {
			t.Errorf("the console is %s", typeName(stat.Mode))
		}
	})
}

// A running container may have put anything at the names through which a terminal is
// opened.
//
// SPEC: M-OP-6
// CLASS: V8
func TestConsoleOfRunningContainer(t *testing.T) {
	for _, test := range []struct {
		name  string
		cover func(b *bundle)
		call  string // the call that refuses it
	}{
		{"nothing", func(b *bundle) {}, ""},
		{"a FIFO on ptmx", func(b *bundle) {
			b.check(unix.Mkfifo("/fifo", 0o600))
			b.check(unix.Mount("/fifo", "/dev/pts/ptmx", "", unix.MS_BIND, ""))
		}, "fstat"},
		{"another devpts's ptmx", func(b *bundle) {
			b.check(os.Mkdir("/other", 0o700))
			b.check(unix.Mount("devpts", "/other", "devpts", 0, "ptmxmode=0666"))
			b.check(unix.Mount("/other/ptmx", "/dev/pts/ptmx", "", unix.MS_BIND, ""))
		}, "fstat"},
		{"a tmpfs on pts", func(b *bundle) {
			b.check(unix.Mount("tmpfs", "/dev/pts", "tmpfs", 0, ""))
			b.check(unix.Mknod("/dev/pts/ptmx", unix.S_IFCHR|0o666, int(unix.Mkdev(5, 2))))
		}, "fstatfs"},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				builder := b.builder()
				b.check(perform(builder, procMount(), devMount(), ptsMount(), &protocol.Pivot{}))
				builder.Close()
				test.cover(b)
				joined, err := Join()
				b.check(err)
				defer joined.Close()
				master, peer, err := joined.Console(&protocol.ConsoleOp{})
				if test.call != "" {
					b.refuses(err, test.call, unix.ENOTTY)
					return
				}
				b.check(err)
				b.relays(peer, master, "text\n")
				unix.Close(master)
				unix.Close(peer)
				if _, err := os.Lstat("/dev/console"); !os.IsNotExist(err) {
					t.Errorf("/dev/console: %v", err)
				}
			})
		})
	}
}

// While a terminal is opened in a running container, somebody there replaces its name with
// that of another terminal, at every step. Either both ends belong together, or there is no
// terminal.
//
// SPEC: M-OP-6
// CLASS: V8
func TestTerminalSwappedAtEveryStep(t *testing.T) {
	struck, refused := 0, 0
	for at := 1; ; at++ {
		calls := 0
		isolated(t, func(b *bundle) {
			builder := b.builder()
			b.check(perform(builder, procMount(), devMount(), ptsMount(), &protocol.Pivot{}))
			builder.Close()
			joined, err := Join()
			b.check(err)
			defer joined.Close()
			// The attacker's terminal is number 0, the one to be opened is number 1.
			other, otherPeer, err := joined.Console(&protocol.ConsoleOp{})
			b.check(err)
			defer unix.Close(other)
			defer unix.Close(otherPeer)
			namespace, err := unix.Open("/proc/thread-self/ns/mnt", unix.O_RDONLY|unix.O_CLOEXEC, 0)
			b.check(err)
			defer unix.Close(namespace)
			swap := func() {
				onThreadOf(b.T, namespace, func() {
					// Before it is opened, it does not exist.
					if err := unix.Mount("/dev/pts/0", "/dev/pts/1", "", unix.MS_BIND, ""); err != nil && err != unix.ENOENT {
						b.Errorf("strike: %v", err)
					}
				})
			}
			stop := b.attack(at, swap)
			master, peer, err := joined.Console(&protocol.ConsoleOp{})
			calls = stop()
			if err != nil {
				refused++
				return
			}
			b.relays(peer, master, "text\n")
			unix.Close(master)
			unix.Close(peer)
		})
		if t.Failed() {
			t.Fatalf("when call %d was struck", at)
		}
		if calls < at {
			break
		}
		struck++
	}
	t.Logf("%d calls struck, %d terminals refused", struck, refused)
	if struck == 0 {
		t.Error("no call was struck")
	}
}

// onThreadOf calls run on a thread in a mount namespace.
func onThreadOf(t *testing.T, namespace int, run func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // never unlocked: the thread ends in that namespace
		if err := errors.Join(unix.Unshare(unix.CLONE_FS), unix.Setns(namespace, unix.CLONE_NEWNS)); err != nil {
			t.Errorf("enter the mount namespace: %v", err)
			return
		}
		run()
	}()
	<-done
}
