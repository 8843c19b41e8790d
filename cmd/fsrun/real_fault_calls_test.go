package main

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/internal/harness/supervise"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent"
)

// failures are the kernel's errors when something is exhausted, interrupted, forbidden,
// unknown or broken.
var failures = []unix.Errno{unix.EINTR, unix.EAGAIN, unix.ENOMEM, unix.EMFILE, unix.ENOSPC, unix.EPERM, unix.ENOSYS, unix.EIO}

// site is a system call in a walk: the n-th with its number, by any process of the runtime.
type site struct {
	number uint32
	n      int
}

func (s site) String() string { return fmt.Sprintf("call_%d_%d", s.number, s.n) }

// sweep is a verb whose system calls are made to fail.
type sweep struct {
	verb string
	// container makes what the verb is for; after a failure it is deleted.
	container func(*testing.T) *container
	arguments func(*container) []string
	every     int // by default, each every-th call fails
}

// TestEveryCallFails runs run, create and exec again and again, and makes the first, the
// second, … of each of parent's and child's system calls fail. What is started must have
// what it was promised, or the failure must be named; in both cases nothing may be left
// after delete.
func TestEveryCallFails(t *testing.T) {
	harness.Need(t, harness.Container...)
	// The containers' common group is not theirs to remove.
	slice := harness.CgroupMount + harness.Slice()
	must(t, os.MkdirAll(slice, 0o755))
	defer os.Remove(slice)
	directory := harness.Bundle(t, harness.Args("/bin/exit"), denying(false, "getpriority"))
	harness.ExitProgram(t, directory+"/rootfs/bin/exit")
	fresh := func(t *testing.T) *container { return newContainerOf(t, directory) }
	running := newContainer(t, harness.Args("/bin/sleep", "100000"))
	running.start()
	for _, s := range []sweep{
		{"run", fresh, func(c *container) []string { return []string{"run", "--bundle", c.Bundle, c.ID} }, 6},
		{"create", fresh, func(c *container) []string { return []string{"create", "--bundle", c.Bundle, c.ID} }, 10},
		{"exec", func(*testing.T) *container { return running }, func(c *container) []string { return []string{"exec", c.ID, "/bin/true"} }, 6},
	} {
		t.Run(s.verb, s.test)
	}
}

func (s *sweep) test(t *testing.T) {
	counts := map[uint32]int{}
	if err := s.walk(t, site{}, 0, counts); err != nil {
		t.Fatal("without any fault: ", err)
	}
	var sites []site
	for number, count := range counts {
		for n := 1; n <= count; n++ {
			sites = append(sites, site{number, n})
		}
	}
	slices.SortFunc(sites, func(a, b site) int { return cmp.Or(cmp.Compare(a.number, b.number), a.n-b.n) })
	passed, total, refused := 0, 0, 0
	for i, at := range sites {
		for _, errno := range s.errnos(i) {
			total++
			if t.Run(fmt.Sprintf("%s_%s", at, unix.ErrnoName(errno)), func(t *testing.T) {
				if s.walk(t, at, errno, map[uint32]int{}) != nil {
					refused++
				}
			}) {
				passed++
			}
		}
	}
	t.Logf("figure: fault cells, system calls of %s %d/%d", s.verb, passed, total)
	t.Logf("of %d calls; %d walks were refused, the others overcame the failure", len(sites), refused)
}

// errnos returns those to fail a call with: in a full run all; in the guest, which is
// emulated, one after another; otherwise a different one for each call that has its turn.
func (s *sweep) errnos(turn int) []unix.Errno {
	every := s.every
	switch {
	case fullRun() && !harness.Guest():
		return failures
	case fullRun():
		every = 1
	case harness.Guest():
		every *= 10
	}
	if turn%every != 0 {
		return nil
	}
	return failures[turn/every%len(failures):][:1]
}

// walk runs the verb, makes one of its calls fail, and counts them all.
func (s *sweep) walk(t *testing.T, at site, errno unix.Errno, counts map[uint32]int) error {
	t.Helper()
	c := s.container(t)
	command := exec.Command("fsrun", append([]string{"--root", c.StateRoot}, s.arguments(c)...)...)
	// A file: a created container keeps what it inherits.
	output, err := os.Create(filepath.Join(t.TempDir(), "output"))
	must(t, err)
	defer output.Close()
	command.Stdout, command.Stderr = output, output
	hung := time.AfterFunc(walkTime, func() { t.Error("it hangs"); _ = command.Process.Kill() })
	ended := supervise.Run(t, command, func(call *sys.Notification) unix.Errno {
		number := uint32(call.Call)
		if number == unix.SYS_FCNTL && call.Arguments[1] == unix.F_GETFD {
			return 0 // Go's runtime checks its standard descriptors and does not tolerate a failure
		}
		counts[number]++
		if at == (site{number, counts[number]}) {
			return errno
		}
		return 0
	})
	hung.Stop()
	said, err := os.ReadFile(output.Name())
	must(t, err)
	if s.verb != "exec" {
		must(t, parent.Delete(c.StateRoot, c.ID, true))
	}
	if ended != nil {
		s.explained(t, at, ended, strings.TrimSpace(string(said)))
	}
	return ended
}

// failed maps verbs to the exit status of fsrun's own failures.
var failed = map[string]int{"run": 1, "create": 1, "exec": 255}

// explained fails unless the last line says what failed.
func (s *sweep) explained(t *testing.T, at site, ended error, said string) {
	t.Helper()
	var exit *exec.ExitError
	if !errors.As(ended, &exit) || exit.ExitCode() != failed[s.verb] {
		t.Errorf("it ended with %v: %s", ended, said)
	}
	what, is := strings.CutPrefix(said[strings.LastIndexByte(said, '\n')+1:], "fsrun: ")
	named := slices.ContainsFunc([]string{": ", " while ", "waited "}, func(word string) bool { return strings.Contains(what, word) })
	if (!is || !named) && at.number != unix.SYS_WRITE {
		t.Errorf("the failure is not told by name: %q", said)
	}
}
