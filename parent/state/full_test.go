package state

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// smallRoot mounts a tmpfs of 64 KiB in a mount namespace of the test's own. The thread is
// never unlocked, so the namespace ends with it.
func smallRoot(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 {
		if os.Getenv("FSRUN_GUEST") == "1" {
			t.Fatal("mounting a tmpfs needs root, which the guest must give")
		}
		t.Skip("mounting a tmpfs needs root")
	}
	root := t.TempDir()
	runtime.LockOSThread()
	if err := unix.Unshare(unix.CLONE_FS | unix.CLONE_NEWNS); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", root, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Unmount(root, unix.MNT_DETACH) })
	return root
}

// fillExcept leaves a number of free pages.
func fillExcept(t *testing.T, root string, pages int) {
	t.Helper()
	filler := filepath.Join(root, "filler")
	os.Remove(filler)
	var space unix.Statfs_t
	if err := unix.Statfs(root, &space); err != nil {
		t.Fatal(err)
	}
	size := (int(space.Bfree) - pages) * int(space.Bsize)
	if size < 0 {
		t.Fatalf("only %d blocks are free", space.Bfree)
	}
	if err := os.WriteFile(filler, make([]byte, size), 0o600); err != nil {
		t.Fatal(err)
	}
}

// TestFullDisk tries each step with every amount of free space: either it succeeds, or
// everything is as before.
func TestFullDisk(t *testing.T) {
	root := smallRoot(t)
	store, err := Open(root)
	if err != nil {
		t.Fatal(err)
	}
	old, larger := &Container{ID: "a"}, full("a")
	larger.Annotations["filler"] = strings.Repeat("x", 3*4096)
	failures := map[string]int{}
	for pages := range 8 {
		fillExcept(t, root, pages)
		handle, err := store.Reserve("a", "/b")
		if err != nil {
			failures["reserve"]++
			checkFull(t, "reserve", err)
			if _, err := os.Lstat(store.Path("a")); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%d pages: a failed reservation left something: %v", pages, err)
			}
			continue
		}
		if err := handle.Save(old); err != nil {
			failures["first save"]++
			checkFull(t, "first save", err)
			container, err := store.Load("a")
			if err != nil || store.Status(container, false) != Creating {
				t.Errorf("%d pages: after a failed first save: %v, %v", pages, container, err)
			}
		} else {
			if err := handle.Save(larger); err != nil {
				failures["second save"]++
				checkFull(t, "second save", err)
				if container, err := store.Load("a"); err != nil || container.Cgroup != old.Cgroup {
					t.Errorf("%d pages: after a failed second save: %v, %v", pages, container, err)
				}
			} else if container, err := store.Load("a"); err != nil || container.Cgroup != larger.Cgroup {
				t.Errorf("%d pages: after both saves: %v, %v", pages, container, err)
			}
			if _, err := os.Lstat(filepath.Join(store.Path("a"), newStateName)); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%d pages: the new state file was left: %v", pages, err)
			}
		}
		for count := 1; ; count++ {
			err := handle.Intend(Intent{Step: "filler", Object: strings.Repeat("x", 1000)})
			intents, readError := handle.Intents()
			if readError != nil {
				t.Fatal(readError)
			}
			if err != nil {
				failures["intent"]++
				checkFull(t, "intent", err)
				if len(intents) != count {
					t.Errorf("%d pages: %d intents are recorded, want %d", pages, len(intents), count)
				}
				break
			}
		}
		if err := handle.Remove(); err != nil {
			t.Errorf("%d pages: remove on a full disk: %v", pages, err)
		}
	}
	for _, step := range []string{"reserve", "first save", "second save", "intent"} {
		if failures[step] == 0 {
			t.Errorf("the disk was never full at the %s", step)
		}
	}
}

func checkFull(t *testing.T, step string, err error) {
	t.Helper()
	if !errors.Is(err, unix.ENOSPC) {
		t.Errorf("%s failed with %v, want no space left", step, err)
	}
}
