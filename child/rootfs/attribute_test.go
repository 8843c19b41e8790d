package rootfs

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"golang.org/x/sys/unix"
)

// A label is written to the thread's own file in the kernel's procfs, even if everything
// that the thread calls /proc is the image's.
//
// SPEC: M-ACT-10
// CLASS: V4
func TestAttributeIgnoresContainerProc(t *testing.T) {
	isolated(t, func(b *bundle) {
		b.makeFile("proc/thread-self/attr/exec", "fake")
		builder := b.builder()
		defer builder.Close()
		open := func() {
			b.Helper()
			file, err := builder.Attribute("exec")
			if err != nil {
				b.Fatal(err)
			}
			defer unix.Close(file)
			var stat unix.Statfs_t
			b.check(unix.Fstatfs(file, &stat))
			if stat.Type != unix.PROC_SUPER_MAGIC {
				b.Errorf("the file is on a file system of type %#x", stat.Type)
			}
			link, err := os.Readlink("/canary-proc/self/fd/" + strconv.Itoa(file))
			b.check(err)
			if want := fmt.Sprintf("/%d/task/%d/attr/exec", os.Getpid(), unix.Gettid()); link != want {
				b.Errorf("the file is %s, want %s", link, want)
			}
		}
		b.check(os.MkdirAll("/canary-proc", 0o755))
		defer os.Remove("/canary-proc")
		b.check(unix.Mount("/proc", "/canary-proc", "", unix.MS_BIND, ""))
		defer func() { _ = unix.Unmount("/canary-proc", unix.MNT_DETACH) }()
		open()
		b.check(unix.Mount(b.inRoot("proc"), "/proc", "", unix.MS_BIND, ""))
		open()
		b.readsAs(b.inRoot("proc/thread-self/attr/exec"), "fake")
		b.refuses(noDescriptor(builder.Attribute("no-such-module/exec")), "openat", unix.ENOENT)
	})
}

func noDescriptor(_ int, err error) error { return err }
