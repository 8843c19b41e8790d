package mountfd

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/protocol"
	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

const overflow = 65534 // /proc/sys/kernel/overflowuid

func lines(containerID, hostID, size uint32) []specs.LinuxIDMapping {
	return []specs.LinuxIDMapping{{ContainerID: containerID, HostID: hostID, Size: size}}
}

func TestMapOwners(t *testing.T) {
	for _, c := range []struct {
		name   string
		source func(t *testing.T) string
	}{
		{"tmpfs", func(t *testing.T) string {
			path := filepath.Join(t.TempDir(), "tmpfs")
			mountTmpfs(t, path)
			return path
		}},
		{"the file system of temporary files", func(t *testing.T) string { return t.TempDir() }},
	} {
		t.Run(c.name, func(t *testing.T) {
			privateMounts(t)
			source := c.source(t)
			for name, owner := range map[string]int{"root": 0, "user": 1000, "outside": 70_000} {
				write(t, source, name)
				if err := os.Chown(filepath.Join(source, name), owner, owner+1); err != nil {
					t.Fatal(err)
				}
			}
			tree := openTree(t, source, false)
			err := mapOwners(tree, source, &bundle.OwnerMapping{UIDs: lines(0, 100_000, 65_536), GIDs: lines(1, 200_000, 65_536)})
			if refusedForWantOfSupport(t, err, source) {
				return
			}
			target := attach(t, tree)
			expectOwner(t, filepath.Join(target, "root"), 100_000, 200_000)
			expectOwner(t, filepath.Join(target, "user"), 101_000, 201_000)
			expectOwner(t, filepath.Join(target, "outside"), overflow, overflow)
			expectOwner(t, filepath.Join(source, "root"), 0, 1)

			// And in the other direction: what is made through the mount.
			made := filepath.Join(target, "made")
			write(t, source, "made")
			if err := os.Chown(filepath.Join(source, "made"), 1, 1); err != nil {
				t.Fatal(err)
			}
			if err := os.Chown(made, 100_007, 200_008); err != nil {
				t.Fatal(err)
			}
			expectOwner(t, filepath.Join(source, "made"), 7, 9)
		})
	}
}

func TestMapOwnersReaches(t *testing.T) {
	for _, c := range []struct {
		name      string
		recursive bool
		below     uint32
	}{
		{"the mount alone", false, 0},
		{"those below too", true, 100_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			privateMounts(t)
			source := filepath.Join(t.TempDir(), "source")
			mountTmpfs(t, source)
			write(t, source, "above")
			mountTmpfs(t, filepath.Join(source, "sub"))
			write(t, source, "sub", "below")
			tree := openTree(t, source, true)
			err := mapOwners(tree, source, &bundle.OwnerMapping{UIDs: lines(0, 100_000, 1), GIDs: lines(0, 100_000, 1), Recursive: c.recursive})
			if refusedForWantOfSupport(t, err, source) {
				return
			}
			target := attach(t, tree)
			expectOwner(t, filepath.Join(target, "above"), 100_000, 100_000)
			expectOwner(t, filepath.Join(target, "sub", "below"), c.below, c.below)
		})
	}
}

func TestMapOwnersRefuses(t *testing.T) {
	privateMounts(t)
	good := lines(0, 100_000, 10)
	directory := closeLater(t, open(t, t.TempDir()))
	procfs := openTree(t, "/proc", false)
	for _, c := range []struct {
		name     string
		tree     int
		uid, gid []specs.LinuxIDMapping
		text     string
	}{
		{"no lines", directory, nil, good, "uidMappings: 0 lines: allowed are 1 to 340"},
		{"too many lines", directory, good, slices.Repeat(good, bundle.MaxMappings+1), "gidMappings: 341 lines"},
		{"no ids", directory, good, lines(0, 5, 0), "gidMappings[0].size: 0: allowed are 1 to 4294967290"},
		{"ids beyond the last", directory, lines(0, 1<<32-2, 2), good, "uidMappings[0].size: 2: allowed are 1 to 1,"},
		{"overlapping lines", directory, slices.Repeat(good, 2), good, "user namespace for an ID-mapped mount"},
		{"file system without support", procfs, good, good, "does not support ID-mapped mounts"},
		{"attached mount", directory, good, good, "or the mount is attached already"},
		{"closed descriptor", 1 << 20, good, good, "bad file descriptor"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := mapOwners(c.tree, "/source", &bundle.OwnerMapping{UIDs: c.uid, GIDs: c.gid})
			if err == nil || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, want an error with %q", err, c.text)
			}
		})
	}
}

func TestMapOwnersLeavesNothing(t *testing.T) {
	privateMounts(t)
	uid, err := mappings("uidMappings", lines(0, 100_000, 1))
	if err != nil {
		t.Fatal(err)
	}
	before := nextDescriptor(t)
	for range 20 {
		namespace, err := newUserNamespace(uid, uid)
		if err != nil {
			t.Fatal(err)
		}
		unix.Close(namespace)
	}
	if after := nextDescriptor(t); after != before {
		t.Errorf("the lowest free descriptor went from %d to %d", before, after)
	}
	if pid, err := unix.Wait4(-1, nil, unix.WNOHANG, nil); err != unix.ECHILD {
		t.Errorf("a process is left: %d, %v", pid, err)
	}
}

func openTree(t *testing.T, source string, recursive bool) int {
	t.Helper()
	tree, err := Open(&protocol.Bind{Source: source, Recursive: recursive, ByParent: true}, Process{})
	if err != nil {
		t.Fatal(err)
	}
	return closeLater(t, tree)
}

func open(t *testing.T, path string) int {
	t.Helper()
	fd, err := unix.Open(path, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

func expectOwner(t *testing.T, path string, uid, gid uint32) {
	t.Helper()
	var got unix.Stat_t
	if err := unix.Lstat(path, &got); err != nil {
		t.Fatal(err)
	}
	if got.Uid != uid || got.Gid != gid {
		t.Errorf("%s belongs to %d:%d, want %d:%d", path, got.Uid, got.Gid, uid, gid)
	}
}

// refusedForWantOfSupport fails the test on an error, except the one that a file system
// without support must return.
func refusedForWantOfSupport(t *testing.T, err error, source string) bool {
	t.Helper()
	if err == nil {
		return false
	}
	if supportsIDMap(t, source) || !errors.Is(err, unix.EINVAL) ||
		!strings.Contains(err.Error(), "does not support ID-mapped mounts") {
		t.Fatal(err)
	}
	return true
}

// supportsIDMap says where it must work (mount_setattr(2)): ext4 and XFS since Linux 5.12,
// btrfs since 5.15, tmpfs since 6.3.
func supportsIDMap(t *testing.T, path string) bool {
	t.Helper()
	var system unix.Statfs_t
	if err := unix.Statfs(path, &system); err != nil {
		t.Fatal(err)
	}
	switch system.Type {
	case unix.EXT4_SUPER_MAGIC, unix.XFS_SUPER_MAGIC:
		return true
	case unix.TMPFS_MAGIC:
		return kernelAtLeast(t, 6, 3)
	case unix.BTRFS_SUPER_MAGIC:
		return kernelAtLeast(t, 5, 15)
	}
	return false
}

func kernelAtLeast(t *testing.T, major, minor int) bool {
	t.Helper()
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		t.Fatal(err)
	}
	var gotMajor, gotMinor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(name.Release[:]), "%d.%d", &gotMajor, &gotMinor); err != nil {
		t.Fatal(err)
	}
	return gotMajor > major || gotMajor == major && gotMinor >= minor
}
