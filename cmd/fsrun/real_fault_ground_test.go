package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"
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

// Somebody has moved the processes of a running container out of its cgroup and removed the
// cgroup: operations that need it say that it is gone, no program joins without its limits,
// and signals and delete still reach the init.
func TestCgroupRemovedFromALivingContainer(t *testing.T) {
	for name, edit := range map[string]harness.Edit{"own_pids": func(*specs.Spec) {}, "shared_pids": harness.Without(specs.PIDNamespace)} {
		t.Run(name, func(t *testing.T) {
			c := newContainer(t, harness.Args("/bin/sleep", "1000"), edit)
			c.start()
			container := c.record()
			moved := []byte(strconv.Itoa(container.Init.PID))
			must(t, os.WriteFile(container.CgroupMount+"/cgroup.procs", moved, 0))
			must(t, os.Remove(container.Cgroup))
			gone := "its cgroup " + container.Cgroup + " is not there: somebody has moved its processes away"
			_, exec := parent.Exec(parent.ExecOptions{StateRoot: c.StateRoot, ID: c.ID, Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"}})
			_, statistics := parent.Statistics(c.StateRoot, c.ID)
			for verb, err := range map[string]error{
				"exec": exec, "statistics": statistics, "pause": parent.Pause(c.StateRoot, c.ID),
				"update": parent.Update(c.StateRoot, c.ID, &specs.LinuxResources{Unified: map[string]string{"cgroup.max.depth": "7"}}),
			} {
				if err == nil || !strings.Contains(err.Error(), gone) {
					t.Errorf("%s: %v", verb, err)
				}
			}
			equal(t, "status", state.Running, c.status())
			must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
			waitForStatus(c, state.Stopped)
			must(t, parent.Delete(c.StateRoot, c.ID, false))
		})
	}
}

// If the disk fills up while a container runs, an operation that has to write says so, with
// the names of the container and the file. Everything else still works.
func TestFullDiskUnderUpdate(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	disk := harness.Directory(t)
	must(t, unix.Mount("tmpfs", disk, "tmpfs", 0, "size=256k"))
	t.Cleanup(func() { must(t, unix.Unmount(disk, 0)) })
	c.StateRoot = disk
	c.start()
	filler := filepath.Join(disk, "filler")
	if err := os.WriteFile(filler, make([]byte, 256<<10), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	err := parent.Update(disk, c.ID, &specs.LinuxResources{Unified: map[string]string{"cgroup.max.depth": "7"}})
	want := "cannot update container " + c.ID + ": write " + disk + "/" + c.ID + "/config.json.new: no space left on device"
	if err == nil || err.Error() != want {
		t.Errorf("update: %v\nwant: %s", err, want)
	}
	equal(t, "exec", "on", c.exec(&specs.Process{Args: []string{"/bin/echo", "on"}, Cwd: "/"}))
	must(t, parent.Delete(disk, c.ID, true))
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
