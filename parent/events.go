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

// Statistics returns what a container has used so far, whether it is running or not, as
// long as its cgroup exists.
func Statistics(root, id string) (cgroupv2.Stats, error) {
	group, err := observed(root, id)
	if err != nil {
		return cgroupv2.Stats{}, err
	}
	defer group.Close()
	return group.Stats()
}

// observed opens a container's cgroup, which it must have.
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

// Observer is notified about a container. If it returns an error, the watch ends with it.
type Observer struct {
	Stats func(*cgroupv2.Stats) error
	// OutOfMemory is called once for all processes that were killed at the same time.
	OutOfMemory func() error
}

// Watch reports on a container until it ends: its statistics now and at every interval, and
// each time the kernel has killed one of its processes because it was out of memory.
func Watch(root, id string, interval time.Duration, tell Observer) error {
	group, err := observed(root, id)
	if err != nil {
		return err
	}
	defer group.Close()
	w := &watching{group: group, interval: interval, tell: tell}
	if err = w.run(); isGone(err) {
		return nil // ended with its container
	}
	return err
}

type watching struct {
	group    *cgroupv2.Group
	interval time.Duration
	tell     Observer
	kills    uint64 // already reported
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
		alive, err := w.group.Events() // read first: the end may have come with a kill
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

// isGone reports whether an error means that a cgroup was deleted in the meantime.
func isGone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ENODEV) }

// Used is what a container has used so far.
type Used struct {
	Inspected
	At time.Time
	// Stats is nil if nothing is counted because the container has no cgroup, or no longer
	// has one.
	Stats *cgroupv2.Stats
}

// UsedByAll returns what every container has used, sorted by ID, and what is wrong with
// those that cannot be read.
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
