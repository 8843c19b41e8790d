package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/state"
)

// Statistics tells what a container has used so far, whether it runs or not, as
// long as its cgroup is there.
func Statistics(root, id string) (cgroupv2.Stats, error) {
	group, err := observed(root, id)
	if err != nil {
		return cgroupv2.Stats{}, err
	}
	defer group.Close()
	return group.Stats()
}

// observed opens the cgroup of a container that has one.
func observed(root, id string) (*cgroupv2.Group, error) {
	inspected, err := inspectLiving(root, id)
	if err != nil {
		return nil, err
	}
	group, err := openGroup(inspected.Container)
	if err == nil && group == nil {
		err = fmt.Errorf("nothing is counted of container %s: %s", id, noGroup(inspected.Container))
	}
	return group, err
}

// Observer gets what is to be told of a container. What it returns ends the watch.
type Observer struct {
	Stats func(*cgroupv2.Stats) error
	// OutOfMemory is told once for all processes that were killed at a time.
	OutOfMemory func() error
}

// Watch tells of a container until it ends: its statistics at once and then at
// every interval, and each time the kernel has killed one of its processes for
// want of memory.
func Watch(root, id string, interval time.Duration, tell Observer) error {
	group, err := observed(root, id)
	if err != nil {
		return err
	}
	defer group.Close()
	w := &watching{group: group, interval: interval, tell: tell}
	if err = w.run(); isGone(err) {
		return nil // with its container
	}
	return err
}

type watching struct {
	group    *cgroupv2.Group
	interval time.Duration
	tell     Observer
	kills    uint64 // that have been told of
}

func (w *watching) run() error {
	watcher, err := w.group.Watch()
	if err != nil {
		return err
	}
	defer watcher.Close()
	events, err := w.group.MemoryEvents()
	if err != nil {
		return err
	}
	w.kills = events.OOMKill
	for due := time.Now(); ; {
		alive, err := w.group.Events() // first: the end may have come with a kill
		if err != nil {
			return err
		}
		if err := w.tellKills(); err != nil || !alive.Populated {
			return err
		}
		if now := time.Now(); !now.Before(due) {
			stats, err := w.group.Stats()
			if err != nil {
				return err
			}
			if err := w.tell.Stats(&stats); err != nil {
				return err
			}
			due = now.Add(w.interval)
		}
		if err := watcher.Wait(time.Until(due) + time.Millisecond); err != nil {
			return err
		}
	}
}

func (w *watching) tellKills() error {
	events, err := w.group.MemoryEvents()
	if err != nil || events.OOMKill == w.kills {
		return err
	}
	w.kills = events.OOMKill
	return w.tell.OutOfMemory()
}

// isGone says whether an error means that a cgroup was deleted meanwhile.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) }

// Used is what a container has used at a moment.
type Used struct {
	Inspected
	At time.Time
	// Stats is nil where nothing is counted: the container has no cgroup, or none
	// any more.
	Stats *cgroupv2.Stats
}

// UsedByAll tells what every container has used, sorted by id, and what is wrong
// with those that cannot be read.
func UsedByAll(root string) (all []Used, problems []error, err error) {
	found, problems, err := List(root)
	if err != nil {
		return nil, nil, err
	}
	for _, inspected := range found {
		used := Used{Inspected: inspected, At: time.Now()}
		stats, err := usedBy(inspected.Container)
		switch {
		case err == nil:
			used.Stats = stats
		case !isGone(err):
			problems = append(problems, fmt.Errorf("container %s: %w", inspected.ID, err))
		}
		all = append(all, used)
	}
	return all, problems, nil
}

func usedBy(container *state.Container) (*cgroupv2.Stats, error) {
	group, err := openGroup(container)
	if err != nil || group == nil {
		return nil, err
	}
	defer group.Close()
	stats, err := group.Stats()
	if err != nil {
		return nil, err
	}
	return &stats, nil
}
