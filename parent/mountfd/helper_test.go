package mountfd

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// privateMounts moves the test into a mount namespace of its own, which ends with the
// test's thread: that remains locked and is discarded.
func privateMounts(t *testing.T) {
	t.Helper()
	runtime.LockOSThread()
	err := unix.Unshare(unix.CLONE_NEWNS)
	if errors.Is(err, unix.EPERM) && os.Getenv("FSRUN_GUEST") != "1" {
		t.Skipf("needs CAP_SYS_ADMIN for a mount namespace: %v", err)
	}
	if err != nil {
		t.Fatalf("unshare CLONE_NEWNS: %v", err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
}

// mountTmpfs mounts a tmpfs on path for the duration of the test.
func mountTmpfs(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(path, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(path, unix.MNT_DETACH) })
}

func write(t *testing.T, elements ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(elements...), nil, 0o644); err != nil {
		t.Fatal(err)
	}
}

// attach mounts a tree on a new directory, as a child does.
func attach(t *testing.T, tree int) string {
	t.Helper()
	target := t.TempDir()
	if err := unix.MoveMount(tree, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH); err != nil {
		t.Fatalf("move_mount: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(target, unix.MNT_DETACH) })
	return target
}

func closeLater(t *testing.T, fd int) int {
	t.Helper()
	t.Cleanup(func() { unix.Close(fd) })
	return fd
}

func nextDescriptor(t *testing.T) int {
	t.Helper()
	fd, err := unix.Open("/", unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	return fd
}
