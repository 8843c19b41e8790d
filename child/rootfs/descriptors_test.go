package rootfs

import (
	"os"
	"testing"

	"github.com/fsrun/fsrun/protocol"
)

// Close leaves nothing open, after success or failure: if the container's program got hold
// of a host descriptor, it could escape.
func TestCloseLeavesNothingOpen(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("volume/file", "x")
		b.makeLink("/bad", "sys2")
		// Open what a process opens once and keeps, such as pathrs-lite's procfs.
		warm := b.builder()
		b.check(perform(warm, &protocol.Sysctl{Key: "kernel.domainname", Value: "warm.example"}))
		warm.Close()
		before := len(descriptors(b))
		builder := b.builder()
		b.check(perform(builder, defaultMounts()...))
		b.check(perform(builder, defaultDev()...))
		for _, failing := range []protocol.Op{
			&protocol.Mount{Filesystem: "sysfs", Destination: "/sys2"},
			&protocol.Mount{Filesystem: "tmpfs", Destination: "/volume/file"},
			&protocol.Mount{Filesystem: "tmpfs", Destination: "/volume", CopyUp: true, Options: options("nr_inodes=1")},
			&protocol.Bind{Source: "/dev", Destination: "/volume/file"},
			&protocol.Device{Path: "/volume/file", Type: "c"},
			&protocol.Device{Path: "/volume/null", Type: "c", Bound: true},
			&protocol.Sysctl{Key: "none.none"},
		} {
			if err := performOne(builder, failing); err == nil {
				t.Errorf("%s succeeded", protocol.Describe(failing, 0))
			}
		}
		b.check(perform(builder, &protocol.ConsoleOp{}))
		b.check(perform(builder, protectedPaths()...))
		builder.Close()
		if after := descriptors(b); len(after) != before {
			t.Errorf("%d descriptors are open, %d were: %q", len(after), before, after)
		}
	})
}

// descriptors lists what the process's descriptors refer to.
func descriptors(b *bundle) map[string]string {
	b.Helper()
	all := map[string]string{}
	entries, err := os.ReadDir("/proc/self/fd")
	b.check(err)
	for _, entry := range entries {
		all[entry.Name()], _ = os.Readlink("/proc/self/fd/" + entry.Name())
	}
	return all
}
