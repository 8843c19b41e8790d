package harness

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// settleTime is how long it may take until a container has left nothing behind: killed
// processes are reaped, and programs freed, a moment later; much later where the kernel's
// own threads find no free processor.
const settleTime = 10 * time.Second

// Snapshot is the state of the host before a test, which must be the same afterwards.
type Snapshot struct {
	t        testing.TB
	places   []string
	before   view
	patience time.Duration
}

// view is what must not change. It contains only what can be distinguished from the effects
// of others on the same machine.
type view struct {
	Processes []string          // beneath this one
	Mounts    []string          // of this mount namespace
	Cgroups   []string          // the tests' own; in the guest all
	FDs       []string          // of this process
	Files     map[string]string // beneath the places
	Programs  []uint32          // loaded eBPF programs
}

// Watch takes a snapshot of the host and of all files beneath the places: a state
// directory, which will be empty, or others that a container must not change.
func Watch(t testing.TB, places ...string) *Snapshot {
	t.Helper()
	return &Snapshot{t: t, places: places, before: observe(t, places), patience: settleTime}
}

// Settled fails the test unless everything returns, within settleTime, to what it was.
func (s *Snapshot) Settled() { s.t.Helper(); s.SettledFor(s.t) }

// SettledFor is Settled for a subtest.
func (s *Snapshot) SettledFor(t testing.TB) {
	t.Helper()
	var lingering []uint32
	for round, deadline := 0, time.Now().Add(s.patience); ; round++ {
		s.Reap()
		now := observe(t, s.places)
		// What was not there a moment ago belongs to somebody who is loading it now.
		unowned := s.unowned(now.Programs)
		lingering = slices.DeleteFunc(unowned, func(id uint32) bool { return round > 0 && !slices.Contains(lingering, id) })
		now.Programs = slices.Concat(s.before.Programs, lingering)
		before := s.before
		// What has been closed meanwhile was left to the garbage collector by an earlier
		// test.
		before.FDs = slices.DeleteFunc(slices.Clone(before.FDs), func(descriptor string) bool {
			return !slices.Contains(now.FDs, descriptor) && !isStandard(descriptor)
		})
		before.Mounts = slices.DeleteFunc(slices.Clone(before.Mounts), func(mount string) bool {
			return !slices.Contains(now.Mounts, mount) && isPlaceGone(mount)
		})
		difference := cmp.Diff(before, now)
		if difference == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Errorf("the host is not as it was (-before +now):\n%s", difference)
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// isStandard reports whether a line of ownDescriptors is standard input, output or error.
// The garbage collector never owns these: if one was closed, somebody closed a zero value.
func isStandard(descriptor string) bool {
	return strings.HasPrefix(descriptor, "0 ") || strings.HasPrefix(descriptor, "1 ") || strings.HasPrefix(descriptor, "2 ")
}

// isPlaceGone reports whether the directory that a line of mountinfo mounts on no longer
// exists: removing it unmounts it in every mount namespace. A container that unmounts
// something leaves the directory.
func isPlaceGone(mount string) bool {
	fields := strings.Fields(mount)
	_, err := os.Lstat(fields[4])
	return errors.Is(err, fs.ErrNotExist)
}

// unowned returns the programs that are new and that nobody else holds: others may load and
// unload theirs at any time.
func (s *Snapshot) unowned(now []uint32) []uint32 {
	found := slices.DeleteFunc(slices.Clone(now), func(id uint32) bool { return slices.Contains(s.before.Programs, id) })
	if len(found) == 0 {
		return nil
	}
	others := othersPrograms()
	return slices.DeleteFunc(found, func(id uint32) bool { return slices.Contains(others, id) })
}

func observe(t testing.TB, places []string) view {
	t.Helper()
	seen := view{
		Processes: Descendants(os.Getpid()), Cgroups: cgroups(t), FDs: ownDescriptors(t),
		Files: map[string]string{}, Programs: programs(t),
	}
	content, err := os.ReadFile("/proc/self/mountinfo")
	must(t, err)
	for line := range strings.Lines(string(content)) {
		seen.Mounts = append(seen.Mounts, line)
	}
	for _, place := range places {
		must(t, describe(place, seen.Files))
	}
	return seen
}

// Descendants lists the processes beneath a process, as "PID NAME".
func Descendants(pid int) []string {
	var found []string
	for _, child := range Children(pid) {
		name, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", child))
		found = append(found, fmt.Sprintf("%d %s", child, strings.TrimSpace(string(name))))
		found = append(found, Descendants(child)...)
	}
	slices.Sort(found)
	return found
}

// Children lists a process's children.
func Children(pid int) []int {
	var found []int
	lists, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, list := range lists {
		content, _ := os.ReadFile(list)
		for _, field := range strings.Fields(string(content)) {
			if child, err := strconv.Atoi(field); err == nil {
				found = append(found, child)
			}
		}
	}
	return found
}

// Reap reaps those processes that have ended and did not exist before: as the subreaper we
// inherit those of a runtime that was killed. The exceptions are reaped by somebody else.
func (s *Snapshot) Reap(except ...int) {
	for _, pid := range Children(os.Getpid()) {
		known := func(entry string) bool { return strings.HasPrefix(entry, fmt.Sprintf("%d ", pid)) }
		if !slices.Contains(except, pid) && !slices.ContainsFunc(s.before.Processes, known) {
			_, _ = unix.Wait4(pid, nil, unix.WNOHANG, nil)
		}
	}
}

// cgroups lists the groups that may belong to this process's containers.
func cgroups(t testing.TB) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(CgroupMount, func(name string, entry fs.DirEntry, err error) error {
		if err != nil { // others come and go
			return nil
		}
		if entry.IsDir() && isOwnCgroup(name) {
			found = append(found, name)
		}
		return nil
	})
	must(t, err)
	return found
}

// ownDescriptors leaves out what the Go runtime may open at any time.
func ownDescriptors(t testing.TB) []string {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	var found []string
	for _, entry := range entries {
		target, err := os.Readlink("/proc/self/fd/" + entry.Name())
		if err != nil || strings.HasPrefix(target, "anon_inode:[event") || strings.HasSuffix(target, "/cpu.max") {
			continue
		}
		found = append(found, entry.Name()+" "+target)
	}
	return found
}

// describe records what could be changed about each file beneath a place.
func describe(place string, into map[string]string) error {
	return filepath.WalkDir(place, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		var stat unix.Stat_t
		if err := unix.Lstat(name, &stat); err != nil {
			return &os.PathError{Op: "lstat", Path: name, Err: err}
		}
		into[name] = fmt.Sprintf("%o %d:%d %d", stat.Mode, stat.Uid, stat.Gid, stat.Rdev)
		switch {
		case entry.Type().IsRegular():
			content, err := os.ReadFile(name)
			sum := sha256.Sum256(content)
			into[name] += " " + hex.EncodeToString(sum[:8])
			return err
		case entry.Type() == fs.ModeSymlink:
			target, err := os.Readlink(name)
			into[name] += " " + target
			return err
		}
		return nil
	})
}
