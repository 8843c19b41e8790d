// Package resctrltest imitates the resctrl file system, which few machines have, for tests:
// a directory made in it gets the kernel's files.
package resctrltest

import (
	"os"
	"path"
	"path/filepath"
	"testing"

	"github.com/fsrun/fsrun/parent/resctrl"
)

// Whole is the content of schemata in a new group.
const Whole = "    MB:0=100;1=100\n    L3:0=0fff;1=0fff\n"

// Refusal is the kernel's message about a line that it refuses.
const Refusal = "Mask out of range"

// New makes an empty file system and returns its directory and a function that opens it.
// The caller must close each result of that. Writing to a file listed in refused fails.
func New(t testing.TB, refused ...string) (directory string, open func() (*resctrl.Tree, error)) {
	t.Helper()
	directory = t.TempDir()
	root, err := os.OpenRoot(directory)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { root.Close() })
	fill(t, root, ".")
	if err := root.Mkdir("info", 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(directory, "info/last_cmd_status"), []byte(Refusal+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	return directory, func() (*resctrl.Tree, error) {
		root, err := os.OpenRoot(directory)
		if err != nil {
			return nil, err
		}
		return resctrl.At(directory, &files{root, t, refused}), nil
	}
}

type files struct {
	*os.Root
	t       testing.TB
	refused []string
}

// Mkdir makes a group with its files.
func (f *files) Mkdir(name string, permissions os.FileMode) error {
	if err := f.Root.Mkdir(name, permissions); err != nil {
		return err
	}
	fill(f.t, f.Root, name)
	return nil
}

// Remove removes a group. The kernel ignores the files and monitoring groups in it.
func (f *files) Remove(name string) error {
	if _, err := f.Root.Stat(name); err != nil {
		return err
	}
	return f.Root.RemoveAll(name)
}

// OpenFile opens a file that appends every text written to it.
func (f *files) OpenFile(name string, flags int, permissions os.FileMode) (*os.File, error) {
	if flags&os.O_WRONLY != 0 {
		for _, refused := range f.refused {
			if refused == name {
				return os.OpenFile("/dev/full", flags, 0) // writing fails
			}
		}
		flags |= os.O_APPEND
	}
	return f.Root.OpenFile(name, flags, permissions)
}

// fill makes a group's files. A group that only monitors has no schemata.
func fill(t testing.TB, root *os.Root, group string) {
	t.Helper()
	content := map[string]string{"tasks": ""}
	if path.Base(path.Dir(group)) != "mon_groups" {
		content["schemata"] = Whole
		if err := root.Mkdir(path.Join(group, "mon_groups"), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range content {
		if err := root.WriteFile(path.Join(group, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
