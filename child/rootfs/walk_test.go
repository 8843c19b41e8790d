package rootfs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// FuzzWalk compares the walk with openat2(2), which must find the same file or return the
// same error, in a tree described by the input: lines of "path", which is a directory if it
// ends with a slash, and "path -> target"; the last line is the path to resolve.
func FuzzWalk(f *testing.F) {
	for _, seed := range []string{
		"a/b/\na/b/file\n/a/b/file",
		"a/\nl -> a/../..\nfile\nl/l/file",
		"l -> l\nl",
		"l -> /../../etc\netc/passwd\nl/passwd",
		"a/b/c/\na/l -> b/c/..\na/l/c/../..",
		"one -> two/\ntwo -> three\nthree/\none",
		"file\nl -> file/\nl",
		"file\nl -> file/.\nl",
		"file\nfile/..",
		"a/\nl -> ./././a/.\nl/..",
	} {
		f.Add(seed, false, false)
		f.Add(seed, true, false)
		f.Add(seed, false, true)
	}
	f.Fuzz(func(t *testing.T, input string, strict, nofollow bool) {
		lines := strings.Split(input, "\n")
		if len(lines) > 32 || len(input) > 2048 || strings.ContainsRune(input, 0) {
			t.Skip("not a tree of this test's size")
		}
		root := t.TempDir()
		grow(t, root, lines[:len(lines)-1])
		path := clean(lines[len(lines)-1])
		descriptor, err := unix.Open(root, unix.O_PATH|unix.O_DIRECTORY|unix.O_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(descriptor)
		tree := tree{root: descriptor}
		how := lookup{strict: strict, nofollow: nofollow}
		walked, walkErr := tree.walk(path, how)
		asked, askErr := tree.openat2(path, how)
		if askErr == unix.ENOSYS || askErr == unix.EPERM {
			t.Skip("openat2 is blocked")
		}
		if (walkErr == nil) != (askErr == nil) || askErr != nil && !errors.Is(walkErr, askErr) {
			t.Fatalf("%q: walk says %v, openat2 says %v", path, walkErr, askErr)
		}
		if askErr != nil {
			return
		}
		defer unix.Close(walked)
		defer unix.Close(asked)
		have, err := fstat(walked)
		want, err2 := fstat(asked)
		if err != nil || err2 != nil || have.Ino != want.Ino || have.Dev != want.Dev {
			t.Errorf("%q: walk finds %d, openat2 finds %d (%v, %v)", path, have.Ino, want.Ino, err, err2)
		}
	})
}

// grow makes as much of a tree as possible. Link targets are only text here, and every path
// is made from real directories, so nothing is made outside.
func grow(t *testing.T, root string, lines []string) {
	t.Helper()
	inside, err := os.OpenRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer inside.Close()
	for _, line := range lines {
		name, target, isLink := strings.Cut(line, " -> ")
		relative := strings.TrimPrefix(clean(name), "/")
		if relative == "" {
			continue
		}
		if err := inside.MkdirAll(filepath.Dir(relative), 0o755); err != nil {
			continue // something else is in the way
		}
		switch {
		case isLink:
			_ = inside.Symlink(target, relative)
		case strings.HasSuffix(name, "/"):
			_ = inside.Mkdir(relative, 0o755)
		default:
			if file, err := inside.Create(relative); err == nil {
				file.Close()
			}
		}
	}
}

func TestWalkIsBounded(t *testing.T) {
	root := t.TempDir()
	grow(t, root, []string{"x/", "long -> " + strings.Repeat("x/../", 300), "loop -> loop"})
	descriptor, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(descriptor)
	tree := tree{root: descriptor}
	for path, want := range map[string]error{
		"/loop":                    unix.ELOOP,
		"/long":                    unix.ENAMETOOLONG,
		strings.Repeat("/d", 1000): unix.ENAMETOOLONG,
	} {
		if _, err := tree.walk(path, lookup{make: unix.S_IFDIR}); !errors.Is(err, want) {
			t.Errorf("%.20s: %v, want %v", path, err, want)
		}
	}
}

// A walk closes everything that it opened, whether it succeeds or not.
func TestWalkClosesItsWay(t *testing.T) {
	root := t.TempDir()
	descriptor, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(descriptor)
	grow(t, root, []string{"a/b/c/file", "a/l -> /a/b/../b/c", "loop -> a/b/../../loop"})
	tree := tree{root: descriptor}
	before := openDescriptors(t)
	for _, path := range []string{"/", "/a/l/file", "/loop", "/a/none/x", "/a/l/file/x"} {
		if found, err := tree.walk(path, lookup{}); err == nil {
			unix.Close(found)
		}
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors are open, %d were", after, before)
	}
}

func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
