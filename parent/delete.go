package parent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// Delete removes a container that has ended, or what a killed creator has left behind
// (runtime.md, "Delete"). With force, it first kills a container that has not ended, and a
// container that does not exist is no error. If the error is a [*PoststopError], the
// container is gone all the same.
func Delete(root, id string, force bool) error {
	return deleteContainer(root, id, force, func(*state.Container) bool { return true })
}

// Delete kills what is left of the container whose init this is and removes it, as the other
// Delete does with force. If somebody else has deleted it, that is no error, and another
// container that has its ID by now is left alone. So is the container of a process that has
// only joined it.
func (r *Running) Delete() error { return deleteContainer(r.root, r.container.ID, true, r.isInitOf) }

func deleteContainer(root, id string, force bool, meant func(*state.Container) bool) error {
	store, err := state.Open(root)
	if err != nil {
		return err
	}
	handle, err := store.Lock(id)
	if err != nil {
		if force && errors.Is(err, state.ErrNotExist) {
			return nil
		}
		return err
	}
	defer handle.Close()
	container, err := handle.Load()
	switch {
	case force && errors.Is(err, state.ErrNotExist): // it is something else, and stays
		return nil
	case err != nil && !force:
		return err
	case err == nil && !meant(container):
		return nil
	}
	if err == nil && !force {
		if status := store.Status(container, frozen(container)); status != state.Stopped {
			return refuseStatus("cannot delete container %s that is not stopped: %s; kill it first, or delete with --force", id, status)
		}
	}
	if err := undo(store, handle, container); err != nil {
		return err
	}
	poststop := container != nil && container.Init.PID != 0
	if err := handle.Remove(); err != nil {
		return err
	}
	if poststop {
		return runPoststop(container)
	}
	return nil
}

// undo undoes what the intent record says was made, last first. All killed processes share
// one wait: the others of a group end while its init does.
func undo(store *state.Store, handle *state.Handle, container *state.Container) error {
	patience := cgroupv2.Within(emptyTimeout)
	intents, err := handle.Intents()
	switch {
	case container != nil && container.Init.PID != 0 && !slices.ContainsFunc(intents, ofChild):
		intents = intentsOf(container)
	case container == nil && len(intents) == 0:
		return errors.Join(err, fmt.Errorf("nothing tells what was made for the container: kill its processes, remove its cgroup and then %s by hand",
			handle.Directory().Name()))
	}
	var cgroup string
	var made, groups []string
	var kept keptPrograms
	var unit state.Intent
	var stuck error
	lived := false
	for _, intent := range intents {
		switch intent.Step {
		case intentChild:
			lived, stuck = kill(patience, intent.Process)
		case intentCgroup:
			cgroup = intent.Object
		case intentDirectory:
			made = append(made, intent.Object)
		case intentPrograms:
			if kept, err = parsePrograms(intent.Object); err != nil {
				return err
			}
		case intentUnit, intentUserUnit:
			unit = intent
		case intentResctrl:
			groups = append(groups, intent.Object)
		}
	}
	if err := removeShares(groups); err != nil {
		return err
	}
	// Without a cgroup, systemd had not made the unit yet or refused to, so there is none,
	// or it belongs to somebody else. A unit that it made afterwards has lost its
	// placeholder along with the creator, and ends by itself.
	if cgroup == "" {
		return errors.Join(stuck, removeUnused(made))
	}
	taken := func() error { return nil }
	if !lived && container != nil && container.Cgroup != "" {
		taken = func() error { return takenOver(store, container) }
	}
	if err := removeCgroup(patience, cgroup, made, kept, taken); err != nil {
		return err // it names all that do not end
	}
	if stuck != nil || unit.Step == "" {
		return stuck
	}
	return stopUnit(context.Background(), unit.Object, unit.Step == intentUserUnit, cgroup)
}

func ofChild(intent state.Intent) bool { return intent.Step == intentChild }

// intentsOf returns what a container's state says was made for it. It is used when the
// intent record is lost, and does not know the directories made on the way to the cgroup.
func intentsOf(container *state.Container) []state.Intent {
	intents := []state.Intent{{Step: intentChild, Process: container.Init}}
	if container.Cgroup != "" {
		path := cgroupPath(container)
		intents = append(intents, state.Intent{Step: intentCgroup, Object: path}, state.Intent{Step: intentDirectory, Object: path})
	}
	if container.Unit != "" {
		unit := state.Intent{Step: intentUnit, Object: container.Unit}
		if container.UserUnit {
			unit.Step = intentUserUnit
		}
		intents = append(intents, unit)
	}
	return intents
}

// kill kills a process if it is still the one that was recorded, and reports whether it was.
// It need not be our child. The error is that it does not end.
func kill(patience context.Context, process state.Process) (lived bool, err error) {
	pidfd, err := unix.PidfdOpen(process.PID, 0)
	if err != nil {
		return false, nil
	}
	defer unix.Close(pidfd)
	if !process.Alive() {
		return false, nil
	}
	_ = unix.PidfdSendSignal(pidfd, unix.SIGKILL, nil, 0) // it may have ended by itself
	poll := []unix.PollFd{{Fd: int32(pidfd), Events: unix.POLLIN}}
	for process.Alive() {
		if patience.Err() != nil {
			return true, fmt.Errorf("process %d is killed and does not end: it is stuck in the kernel; repair what does not answer there, such as the server of a file system", process.PID)
		}
		// In slices: a pidfd signals the end only when the process can be reaped.
		_, _ = unix.Poll(poll, int(killSlice.Milliseconds()))
	}
	return true, nil
}

// killSlice is how long to wait for a killed process at a time.
const killSlice = 10 * time.Millisecond

// removeCgroup kills what is left in a cgroup and removes the directories that were made
// for it. A cgroup that existed before is left as it was. One with processes is left to
// them if taken returns an error.
func removeCgroup(patience context.Context, path string, made []string, kept keptPrograms, taken func() error) error {
	tree, err := cgroupv2.Find()
	if err != nil {
		return err
	}
	defer tree.Close()
	group, err := tree.Open(path, made...)
	if errors.Is(err, fs.ErrNotExist) {
		return errors.Join(tree.Delete(patience, path, made), leaveSlice(tree, path))
	}
	if err != nil {
		return err
	}
	if events, err := group.Events(); err == nil && events.Populated {
		if err := taken(); err != nil {
			group.Close()
			return err
		}
	}
	return errors.Join(deleteGroup(patience, group, kept), leaveSlice(tree, path))
}

// takenOver returns an error if another container has got the cgroup of one that has ended,
// or a cgroup beneath it: it was empty by then, and fit for a new container.
func takenOver(store *state.Store, container *state.Container) error {
	entries, err := store.List()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		other := entry.Container
		if entry.Err == nil && other.ID != container.ID && strings.HasPrefix(other.Cgroup+"/", container.Cgroup+"/") && other.Init.Alive() {
			return fmt.Errorf("container %s is not deleted: its cgroup is that of container %s by now, which has not ended; delete that first", container.ID, other.ID)
		}
	}
	return nil
}

// removeUnused removes directories of a cgroup that were made and never used, or were about
// to be made. What is not empty belongs to somebody else.
func removeUnused(made []string) error {
	if len(made) == 0 {
		return nil
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		return err
	}
	defer tree.Close()
	for _, directory := range slices.Backward(made) {
		if err := tree.Prune(directory); err != nil {
			return err
		}
	}
	return leaveSlice(tree, made[len(made)-1])
}

// PoststopError holds the failures of poststop hooks. They are warnings: everything else
// proceeds as if the hooks had succeeded (runtime.md, "Lifecycle").
type PoststopError struct{ Failures []error }

func (e *PoststopError) Error() string { return errors.Join(e.Failures...).Error() }

// Unwrap returns the failures.
func (e *PoststopError) Unwrap() []error { return e.Failures }

func runPoststop(container *state.Container) error {
	if len(container.Poststop) == 0 {
		return nil
	}
	content, err := hookState(container, state.Stopped)
	if err != nil {
		return err
	}
	if failures := hooks.RunAll("poststop", bundle.RunnableHooks(container.Poststop), content); len(failures) > 0 {
		return &PoststopError{failures}
	}
	return nil
}
