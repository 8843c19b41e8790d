package sys

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
)

func TestReadFile(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, 100_000} {
		want := bytes.Repeat([]byte("x"), size)
		if err := os.WriteFile(name, want, 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := ReadFile(name); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes: got %d, %v", size, len(got), err)
		}
	}
	// Its size is 0, like that of all files in proc.
	if status, err := ReadFile("/proc/self/status"); err != nil || !bytes.HasPrefix(status, []byte("Name:")) {
		t.Errorf("/proc/self/status: %q, %v", status, err)
	}
	var refused *fs.PathError
	if _, err := ReadFile(name + ".none"); !errors.Is(err, fs.ErrNotExist) || !errors.As(err, &refused) || refused.Path != name+".none" {
		t.Errorf("a file that is not there: %v", err)
	}
	if _, err := ReadFile(filepath.Dir(name)); err == nil {
		t.Error("a directory was read")
	}
}

func TestOpenFile(t *testing.T) {
	if _, err := OpenFile(filepath.Join(t.TempDir(), "none"), os.O_RDONLY); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that is not there: %v", err)
	}
	directory, err := OpenFile(t.TempDir(), os.O_RDONLY)
	if err != nil {
		t.Fatal(err)
	}
	defer directory.Close()
	if names, err := directory.Readdirnames(-1); err != nil || len(names) != 0 {
		t.Errorf("an empty directory holds %q, %v", names, err)
	}
}
