package resctrl

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Path is the property that asks for all this.
const Path = "linux.intelRdt"

// usualMount is where distributions mount the file system.
const usualMount = "/sys/fs/resctrl"

// ErrNotMounted is the error of [Find] on a machine without the file system.
var ErrNotMounted error = &notMounted{}

type notMounted struct{}

func (e *notMounted) Error() string {
	return Path + ": no resctrl file system is mounted; " + e.Hint()
}

// Hint is the remedy.
func (*notMounted) Hint() string {
	return "where kernel and processor have resource control: mount -t resctrl resctrl " + usualMount
}

// Place is the property.
func (*notMounted) Place() string { return Path }

// Files performs operations in the file system. It is implemented by a *os.Root for its
// mount.
type Files interface {
	Mkdir(name string, permissions os.FileMode) error
	Remove(name string) error
	Stat(name string) (os.FileInfo, error)
	OpenFile(name string, flags int, permissions os.FileMode) (*os.File, error)
	Close() error
}

// Tree is the file system, held open.
type Tree struct {
	files Files
	mount string
}

// Find opens the file system at its mount. It returns [ErrNotMounted] if there is none.
func Find() (*Tree, error) {
	table, err := os.Open("/proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	defer table.Close()
	mount, err := mountPoint(table)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(mount)
	if err != nil {
		return nil, err
	}
	if err := check(mount); err != nil {
		root.Close()
		return nil, err
	}
	return At(mount, root), nil
}

// At returns a Tree for the given files, which it will close.
func At(mount string, files Files) *Tree { return &Tree{files: files, mount: mount} }

// check makes sure that no other file system covers the mount.
func check(mount string) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(mount, &stat); err != nil {
		return &os.PathError{Op: "statfs", Path: mount, Err: err}
	}
	if stat.Type != unix.RDTGROUP_SUPER_MAGIC {
		return fmt.Errorf("%s: %s is not resctrl (file system type %#x)", Path, mount, stat.Type)
	}
	return nil
}

// maxMountLine holds two paths of the greatest length, fully escaped.
const maxMountLine = 64 << 10

// mountPoint returns the last mount of the file system in mountinfo
// (proc_pid_mountinfo(5)), which covers earlier ones at the same place.
func mountPoint(mountinfo io.Reader) (string, error) {
	lines := bufio.NewScanner(mountinfo)
	lines.Buffer(nil, maxMountLine)
	found := ""
	for lines.Scan() {
		before, after, _ := strings.Cut(lines.Text(), " - ")
		place := strings.Fields(before) // id, parent, device, root, mount point, …
		if strings.HasPrefix(after, "resctrl ") && len(place) > 4 {
			found = escapes.Replace(place[4])
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("/proc/self/mountinfo: %w", err)
	}
	if found == "" {
		return "", ErrNotMounted
	}
	return found, nil
}

// escapes undoes the escapes in mountinfo.
var escapes = strings.NewReplacer(`\040`, " ", `\011`, "\t", `\012`, "\n", `\134`, `\`)

// Close closes the tree. It does nothing for a nil tree.
func (t *Tree) Close() {
	if t != nil {
		t.files.Close()
	}
}

// maxFile bounds how much of a file is read: schemata has a few bytes for each cache.
const maxFile = 1 << 20

func (t *Tree) read(name string) (string, error) {
	file, err := t.files.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, maxFile))
	return string(content), err
}

// write writes a text in a single call. If the kernel refuses it, another file says why.
func (t *Tree) write(name, text string) error {
	file, err := t.files.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = file.WriteString(text + "\n")
	if err = errors.Join(err, file.Close()); err == nil {
		return nil
	}
	status, _ := t.read("info/last_cmd_status") // in kernels that have it
	if status = strings.TrimSpace(status); status != "" && status != "ok" {
		return fmt.Errorf("%w (%s)", err, status)
	}
	return err
}
