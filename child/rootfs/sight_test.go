package rootfs

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
	"golang.org/x/sys/unix"
)

// Before each system call in making a mount, the mount table is checked: where the mount is
// visible, it already has its attributes. The attacker, who puts something else at the
// path, shows that they are not set by path.
//
// SPEC: M-OP-1
// CLASS: V9
func TestAttributesComeBeforeSight(t *testing.T) {
	for _, test := range []struct {
		name string
		op   func(b *bundle) protocol.Op
		want []string
	}{
		{"mount", func(*bundle) protocol.Op {
			return &protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/here", Set: ro | nosuid | noexec}
		}, []string{"ro", "nosuid", "noexec"}},
		{"mount with a copy", func(*bundle) protocol.Op {
			return &protocol.Mount{Filesystem: "tmpfs", Source: "tmpfs", Destination: "/here", CopyUp: true, Set: nosuid | noexec}
		}, []string{"nosuid", "noexec"}},
		{"bind", func(b *bundle) protocol.Op {
			return &protocol.Bind{Source: b.canary, Destination: "/here", Set: ro, RecursiveSet: noexec, Recursive: true}
		}, []string{"ro", "noexec"}},
		{"read-only path", func(*bundle) protocol.Op { return &protocol.ReadOnly{Path: "/here"} }, []string{"ro"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for at := 1; ; at++ {
				calls := 0
				isolated(t, func(b *bundle) {
					b.makeDirectory("here")
					builder := b.builder()
					defer builder.Close()
					table := fmt.Sprintf("/proc/self/task/%d/mountinfo", unix.Gettid())
					look := func() int {
						content, err := os.ReadFile(table)
						b.check(err)
						mounts := mountsOf(string(content), b.inRoot("here"))
						for _, mount := range mounts {
							for _, option := range test.want {
								if !slices.Contains(strings.Split(mount.Options, ","), option) {
									b.Errorf("before call %d it is to be seen with %s: without %s", at, mount.Options, option)
								}
							}
						}
						return len(mounts)
					}
					stop := b.attack(at, func() { look() })
					b.check(performOne(builder, test.op(b)))
					calls = stop()
					if look() != 1 {
						b.Error("it is not mounted in the end")
					}
				})
				if t.Failed() || calls < at {
					t.Logf("looked at before %d calls", at-1)
					break
				}
			}
		})
	}
}
