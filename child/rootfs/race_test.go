package rootfs

import (
	"os"
	"sync"
	"testing"
	"time"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// flip keeps exchanging two names in the host's directories until the returned function is
// called, which returns how often it did.
func (b *bundle) flip(one, other string) (stop func() int) {
	b.Helper()
	var group sync.WaitGroup
	done := make(chan struct{})
	flips := 0
	group.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if err := unix.Renameat2(unix.AT_FDCWD, one, unix.AT_FDCWD, other, unix.RENAME_EXCHANGE); err == nil {
				flips++
			}
		}
	})
	return sync.OnceValue(func() int {
		close(done)
		group.Wait()
		return flips
	})
}

const raceTime = 300 * time.Millisecond

// A volume is shared with another container, where somebody swaps the destination for a
// symbolic link that leads outside.
//
// SPEC: M-TRUST-7
// CLASS: V5
func TestFlippedDestination(t *testing.T) {
	for _, test := range []struct {
		name string
		op   func(b *bundle) protocol.Op
	}{
		{"mount", func(*bundle) protocol.Op {
			return &protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/volume/a/empty"}
		}},
		{"bind", func(b *bundle) protocol.Op {
			return &protocol.Bind{Source: b.inRoot("source"), Destination: "/volume/a/empty"}
		}},
		{"proc", func(*bundle) protocol.Op { return &protocol.Mount{Filesystem: "proc", Destination: "/volume/a/empty"} }},
		{"mask", func(*bundle) protocol.Op { return &protocol.Mask{Path: "/volume/a/empty"} }},
		{"read-only", func(*bundle) protocol.Op { return &protocol.ReadOnly{Path: "/volume/a/empty"} }},
	} {
		t.Run(test.name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.makeDirectory("volume/a/empty")
				b.makeDirectory("source")
				b.makeLink("../../../../../../../.."+b.canary, "volume/b")
				stop := b.flip(b.inRoot("volume/a"), b.inRoot("volume/b"))
				defer stop()
				mounted, refused := 0, 0
				for end := time.Now().Add(raceTime); time.Now().Before(end); {
					builder := b.builder()
					if err := performOne(builder, test.op(b)); err == nil {
						mounted++
					} else {
						refused++
					}
					builder.Close()
					for _, mount := range mountsBelow(b, b.canary) {
						b.Fatalf("mounted on the host: %v", mount)
					}
					b.check(unix.Unmount(b.root, unix.MNT_DETACH))
				}
				flips := stop()
				t.Logf("%d mounted, %d refused, %d flips", mounted, refused, flips)
				if mounted == 0 || flips == 0 {
					t.Error("nothing raced")
				}
			})
		})
	}
}

// The same for what is made: a device's directory is swapped for a link that leads outside.
//
// SPEC: M-TRUST-7
// CLASS: V6
func TestFlippedDeviceDirectory(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeDirectory("volume/a")
		b.makeLink(b.canary, "volume/b")
		stop := b.flip(b.inRoot("volume/a"), b.inRoot("volume/b"))
		defer stop()
		builder := b.builder()
		defer builder.Close()
		made := 0
		for end := time.Now().Add(raceTime); time.Now().Before(end); {
			builder.parent.close()
			err := perform(builder,
				&protocol.Device{Path: "/volume/a/node", Type: "p", Mode: 0o642, UID: 7},
				&protocol.Link{Path: "/volume/a/link", Target: "x"})
			if err == nil {
				made++
			}
			for _, directory := range []string{b.inRoot("volume/a"), b.inRoot("volume/b"), b.inRoot(b.canary)} {
				os.Remove(directory + "/node")
				os.Remove(directory + "/link")
			}
		}
		flips := stop()
		t.Logf("%d made, %d flips", made, flips)
		if made == 0 || flips == 0 {
			t.Error("nothing raced")
		}
	})
}

// The peer is bound by descriptor and onto a descriptor, so swapping a name at the wrong
// moment can only make the start fail.
//
// CLASS: V8
func TestFlippedConsole(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("dev/console", "")
		b.makeLink(b.canary+"/console", "dev/other")
		stop := b.flip(b.inRoot("dev/console"), b.inRoot("dev/other"))
		defer stop()
		bound := 0
		begun := time.Now()
		for since := time.Duration(0); since < raceTime || bound == 0 && since < 100*raceTime; since = time.Since(begun) {
			builder := b.builder()
			b.check(perform(builder, ptsMount()))
			if err := perform(builder, &protocol.ConsoleOp{}); err == nil {
				bound++
			}
			builder.Close()
			for _, mount := range mountsBelow(b, b.canary) {
				b.Fatalf("mounted on the host: %v", mount)
			}
			b.check(unix.Unmount(b.root, unix.MNT_DETACH))
		}
		flips := stop()
		t.Logf("%d bound, %d flips", bound, flips)
		if bound == 0 || flips == 0 {
			t.Error("nothing raced")
		}
	})
}

// A directory that is moved while it is a destination takes the mount along. The path then
// does not show the mount, which must not go unnoticed.
//
// CLASS: V5
func TestMovedDestinationIsNoticed(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeDirectory("volume/a")
		builder := b.builder()
		defer builder.Close()
		how := lookup{make: unix.S_IFDIR}
		destination, err := builder.tree.open("/volume/a", how)
		b.check(err)
		defer unix.Close(destination)
		mount, err := newInstance(&protocol.Mount{Filesystem: "tmpfs"})
		b.check(err)
		defer unix.Close(mount)
		b.check(os.Rename(b.inRoot("volume/a"), b.inRoot("volume/moved")))
		b.refuses(builder.attach(mount, destination, "/volume/a", how), openCall(), unix.ENOENT)

		b.makeDirectory("volume/a")
		other, err := newInstance(&protocol.Mount{Filesystem: "tmpfs"})
		b.check(err)
		defer unix.Close(other)
		b.refuses(builder.attach(other, destination, "/volume/a", how), "move_mount", unix.EBUSY)
	})
}
