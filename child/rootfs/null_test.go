package rootfs

import (
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// TestNull: the container's null device is opened for writing or, without a root of its
// own, the caller's.
//
// SPEC: M-OP-9
func TestNull(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeNode("dev/null", 1, 3)
		writes := func(builder *Builder) {
			descriptor, err := builder.Null()
			b.check(err)
			builder.Close()
			if size, err := unix.Write(descriptor, []byte("text")); size != 4 || err != nil {
				t.Errorf("%d bytes written, %v", size, err)
			}
			b.check(unix.Close(descriptor))
		}
		writes(New())
		builder := b.builder()
		b.check(perform(builder, procMount(), &protocol.Pivot{}))
		writes(builder)
	})
}
