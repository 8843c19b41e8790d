package main

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol/machine"
)

// racers is how many callers do the same thing at once.
const racers = 6

// race runs several verbs with several callers each, all at once, and returns the errors of
// each verb, nil for a success.
func race(verbs map[string]func() error) map[string][]error {
	results := map[string][]error{}
	var mutex sync.Mutex
	var group sync.WaitGroup
	begin := make(chan struct{})
	for name, do := range verbs {
		for range racers {
			group.Go(func() {
				<-begin
				err := do()
				mutex.Lock()
				defer mutex.Unlock()
				results[name] = append(results[name], err)
			})
		}
	}
	close(begin)
	group.Wait()
	return results
}

// winners counts the successes. Every other caller must say why not, in words that engines
// know.
func winners(t *testing.T, verb string, results []error, words ...string) int {
	t.Helper()
	count := 0
	for _, err := range results {
		switch {
		case err == nil:
			count++
		case !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(err.Error(), word) }):
			t.Errorf("%s: a loser says %q", verb, err)
		}
	}
	return count
}

// Whoever is first, at most one starts and at most one deletes, and what remains is a
// container with a status that everybody agrees on.
func TestStartsKillsAndDeletesAtOnce(t *testing.T) {
	for range 8 {
		c := created(t, harness.Args("/bin/sleep", "1000"))
		results := race(map[string]func() error{
			"start":  c.startNow,
			"kill":   func() error { return parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false) },
			"delete": func() error { return parent.Delete(c.StateRoot, c.ID, false) },
		})
		const gone, over = "does not exist", "container not running"
		started := winners(t, "start", results["start"], gone, "in the running state", "in the stopped state", over, "the child", "connection refused", "no such process")
		deleted := winners(t, "delete", results["delete"], gone, "that is not stopped")
		winners(t, "kill", results["kill"], gone, over)
		if started > 1 || deleted > 1 {
			t.Errorf("%d started and %d deleted", started, deleted)
		}
		_, err := parent.Inspect(c.StateRoot, c.ID)
		if deleted == 1 && !errors.Is(err, state.ErrNotExist) {
			t.Errorf("a deleted container: %v", err)
		}
		if deleted == 0 {
			waitForStatus(c, state.Stopped) // it was killed
			must(t, parent.Delete(c.StateRoot, c.ID, false))
		}
	}
}

// One of those who pause wins, and one of those who resume.
func TestPausesAndResumesAtOnce(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	paused := race(map[string]func() error{"pause": func() error { return parent.Pause(c.StateRoot, c.ID) }})
	equal(t, "pauses", 1, winners(t, "pause", paused["pause"], "it is paused"))
	resumed := race(map[string]func() error{"resume": func() error { return parent.Resume(c.StateRoot, c.ID) }})
	equal(t, "resumes", 1, winners(t, "resume", resumed["resume"], "in the running state"))
	equal(t, "status", state.Running, c.status())
}

// Forced deletes agree as well: the container is gone when the last one returns.
func TestForcedDeletesAtOnce(t *testing.T) {
	c := newContainer(t, harness.Args("/bin/sleep", "1000"))
	c.start()
	results := race(map[string]func() error{"delete": func() error { return parent.Delete(c.StateRoot, c.ID, true) }})
	equal(t, "deletes", racers, winners(t, "delete", results["delete"]))
	if _, err := parent.Inspect(c.StateRoot, c.ID); !errors.Is(err, state.ErrNotExist) {
		t.Error(err)
	}
}

// A container may end at any moment of an exec. Callers tell that from a program that is
// missing by the words.
func TestExecWhileTheContainerEnds(t *testing.T) {
	for _, end := range []machine.State{parentmachine.Reserving, parentmachine.Spawning, parentmachine.AwaitingWelcome, parentmachine.Preparing, parentmachine.Committing} {
		t.Run(string(end), func(t *testing.T) {
			c := newContainer(t, harness.Args("/bin/sleep", "1000"))
			c.start()
			var once sync.Once
			ended := false
			_, err := parent.Exec(parent.ExecOptions{
				StateRoot: c.StateRoot, ID: c.ID, Process: &specs.Process{Args: []string{"/bin/true"}, Cwd: "/"},
				Handshake: parent.Handshake{Observe: func(step machine.Step) {
					if step.Row == nil || step.Row.To != end {
						return
					}
					once.Do(func() {
						ended = true
						must(t, parent.Kill(c.StateRoot, c.ID, unix.SIGKILL, false))
						waitForStatus(c, state.Stopped)
					})
				}},
			})
			if !ended {
				t.Fatal("the parent was never there")
			}
			if !errors.Is(err, parent.ErrNotRunning) {
				t.Errorf("got %v", err)
			}
		})
	}
}
