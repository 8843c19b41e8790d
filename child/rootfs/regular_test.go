package rootfs

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
)

// TestOpenRegular: anything other than a regular file that has a size is refused without
// being opened.
//
// SPEC: M-TRUST-10
// CLASS: V20
func TestOpenRegular(t *testing.T) {
	directory := t.TempDir()
	in := func(name string) string { return filepath.Join(directory, name) }
	wire := harness.NewTripwire(t)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(os.WriteFile(in("file"), []byte("content"), 0o600))
	must(os.WriteFile(in("empty"), nil, 0o600))
	must(os.Symlink("file", in("link")))
	must(os.Symlink("/proc/kmsg", in("link to the kernel's log")))
	must(os.Symlink(wire.Path, in("link to a device")))
	must(unix.Mkfifo(in("fifo"), 0o600))
	socket, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	must(err)
	defer unix.Close(socket)
	must(unix.Bind(socket, &unix.SockaddrUnix{Name: in("socket")}))

	builder := New()
	defer builder.Close()
	for _, name := range []string{in("file"), in("link")} {
		descriptor, err := builder.OpenRegular(name)
		must(err)
		file := os.NewFile(uintptr(descriptor), name)
		if content, err := io.ReadAll(file); string(content) != "content" || err != nil {
			t.Errorf("%s: read %q, %v", name, content, err)
		}
		file.Close()
	}
	for name, errno := range map[string]unix.Errno{
		in("missing"): unix.ENOENT, directory: unix.EINVAL, in("fifo"): unix.EINVAL, in("socket"): unix.EINVAL,
		wire.Path: unix.EINVAL, in("link to a device"): unix.EINVAL,
		in("empty"): unix.ENODATA, in("link to the kernel's log"): unix.ENODATA, "/proc/self/environ": unix.ENODATA,
	} {
		descriptor, err := builder.OpenRegular(name)
		if !errors.Is(err, errno) {
			t.Errorf("%s: descriptor %d, %v; want %v", name, descriptor, err, errno)
		}
	}
	if wire.Tripped() {
		t.Error("the device was opened")
	}
	unix.Close(mustOpen(t, wire.Path))
	if !wire.Tripped() {
		t.Error("and nobody would have noticed")
	}
}

func mustOpen(t *testing.T, name string) int {
	t.Helper()
	descriptor, err := unix.Open(name, unix.O_RDONLY|unix.O_NOCTTY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return descriptor
}
