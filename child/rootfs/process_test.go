package rootfs

import (
	"io"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/protocol"
)

// TestCallersDescriptors: the caller's /proc serves where it is one, and a private
// instance where something else stands in its place.
//
// CLASS: V4
func TestCallersDescriptors(t *testing.T) {
	for name, test := range map[string]struct {
		cover   func(b *bundle)
		private bool
	}{
		"procfs": {func(*bundle) {}, false},
		"an imitation": {func(b *bundle) {
			b.check(unix.Mount("tmpfs", "/proc", "tmpfs", 0, ""))
			b.check(os.MkdirAll("/proc/self/fd", 0o755))
			for descriptor := range 100 {
				b.check(os.WriteFile(filepath.Join("/proc/self/fd", strconv.Itoa(descriptor)), []byte("imitated"), 0o644))
			}
		}, true},
		"nothing": {func(b *bundle) { b.check(unix.Mount("tmpfs", "/proc", "tmpfs", 0, "")) }, true},
	} {
		t.Run(name, func(t *testing.T) {
			isolated(t, func(b *bundle) {
				b.check(os.WriteFile(b.inRoot("file"), []byte("content"), 0o644))
				test.cover(b)
				builder := New()
				defer builder.Close()
				b.check(builder.Root(&protocol.Root{Source: b.root, Propagation: unix.MS_PRIVATE | unix.MS_REC}))
				descriptor, err := builder.OpenRegular(b.inRoot("file"))
				b.check(err)
				file := os.NewFile(uintptr(descriptor), "file")
				defer file.Close()
				content, err := io.ReadAll(file)
				b.check(err)
				if diff := cmp.Diff("content", string(content)); diff != "" {
					t.Errorf("read (-want +got):\n%s", diff)
				}
				if private := builder.process.handle != nil; private != test.private {
					t.Errorf("a private instance: %v, want %v", private, test.private)
				}
			})
		})
	}
}
