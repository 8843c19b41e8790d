package spawn

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"golang.org/x/sys/unix"
)

// TestSeal: the child executes this binary, and nobody can change it, not even its owner.
//
// CLASS: V2
func TestSeal(t *testing.T) {
	for _, test := range []struct {
		name string
		seal func() (*Binary, error)
		mode uint32 // 0: the binary's own, or a copy's
	}{
		{"not hidden", func() (*Binary, error) { return seal(false) }, 0},
		{"not hidden, in memory", func() (*Binary, error) { file, err := copySelf(false); return &Binary{file, none}, err }, 0o555},
		{"hidden", func() (*Binary, error) { return seal(true) }, 0o111},
	} {
		t.Run(test.name, func(t *testing.T) {
			binary, err := test.seal()
			if err != nil {
				t.Fatal(err)
			}
			defer binary.Close()
			var info unix.Stat_t
			if err := unix.Fstat(binary.file, &info); err != nil {
				t.Fatal(err)
			}
			if mode := info.Mode & 0o7777; test.mode != 0 && mode != test.mode {
				t.Errorf("its mode is %#o, want %#o", mode, test.mode)
			}
			// Not ETXTBSY: that protects the file on the host only while it runs.
			if err := change(binary.file); !errors.Is(err, unix.EROFS) && !errors.Is(err, unix.EPERM) {
				t.Errorf("changing it: got %v, want %v or %v", err, unix.EROFS, unix.EPERM)
			}
			wantSelf(t, binary.file, info.Size)
		})
	}
}

// change does what an attacker would who has reached /proc/PID/exe. A sealed memory file
// can be opened for writing, but the write fails.
func change(descriptor int) error {
	path := fmt.Sprintf("/proc/self/fd/%d", descriptor)
	_ = os.Chmod(path, 0o755) // the owner of a memory file may do so
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer file.Close()
	_, err = file.Write([]byte("#!"))
	return err
}

func wantSelf(t *testing.T, sealed int, size int64) {
	t.Helper()
	ours, err := os.ReadFile(self)
	if err != nil {
		t.Fatal(err)
	}
	content := make([]byte, size)
	if _, err := unix.Pread(sealed, content, 0); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(content, ours) {
		t.Errorf("its %d bytes are not the %d of this binary", len(content), len(ours))
	}
}
