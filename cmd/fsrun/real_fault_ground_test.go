package main

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/state"
)

// If somebody removes the cgroup after the container has ended, it can still be deleted,
// and a container that is gone is not deleted twice.
func TestCgroupRemovedUnderneath(t *testing.T) {
	c := created(t, harness.Args("/bin/true"))
	inspected, err := parent.Inspect(c.StateRoot, c.ID)
	must(t, err)
	directory := inspected.Cgroup
	must(t, unix.Kill(inspected.Init.PID, unix.SIGKILL))
	waitForStatus(c, state.Stopped)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		if err = os.Remove(directory); err == nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal(err)
		}
	}
	must(t, parent.Delete(c.StateRoot, c.ID, false))
	if err := parent.Delete(c.StateRoot, c.ID, false); !errors.Is(err, state.ErrNotExist) {
		t.Errorf("a second delete: %v", err)
	}
}

// With the state directory on a full disk, whatever room is left, a container is either
// created completely or refused with the reason, and after one delete nothing of it
// remains.
func TestFullDiskUnderCreate(t *testing.T) {
	const size, page = "65536", 4096
	refused, made := 0, 0
	for _, room := range []int{0, 1, 2, 3, 5, 15} {
		c := newContainer(t, harness.Args("/bin/true"))
		disk := harness.Directory(t)
		must(t, unix.Mount("tmpfs", disk, "tmpfs", 0, "size="+size))
		t.Cleanup(func() { must(t, unix.Unmount(disk, 0)) })
		c.StateRoot = disk
		filler := filepath.Join(disk, "filler")
		must(t, os.WriteFile(filler, make([]byte, (16-room)*page), 0o600))
		c.connect()
		_, err := parent.Create(c.Options)
		switch {
		case err == nil:
			made++
			equal(t, "status", state.Created, c.status())
		case errors.Is(err, unix.ENOSPC):
			refused++
		default:
			t.Errorf("%d pages left: %v", room, err)
		}
		must(t, parent.Delete(disk, c.ID, true))
		entries, err := os.ReadDir(disk)
		must(t, err)
		if len(entries) != 1 {
			t.Errorf("%d pages left: after delete there are %v", room, entries)
		}
	}
	if refused == 0 || made == 0 {
		t.Errorf("%d created, %d refused", made, refused)
	}
}
