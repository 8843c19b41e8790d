package parent

import (
	"context"
	"fmt"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/state"
)

// Pause stops every process of a container and returns when all have stopped. If that takes
// longer than ten seconds, the container is left as it was.
func Pause(root, id string) error {
	return withGroup(root, id, "pause", []state.Status{state.Created, state.Running}, func(ctx context.Context, group *cgroupv2.Group) error {
		return group.Freeze(ctx)
	})
}

// Resume lets the processes of a paused container continue.
func Resume(root, id string) error {
	return withGroup(root, id, "resume", []state.Status{state.Paused}, func(ctx context.Context, group *cgroupv2.Group) error {
		return group.Thaw(ctx)
	})
}

// withGroup calls do with the cgroup of a container that is locked and has one of the
// allowed statuses.
func withGroup(root, id, verb string, allowed []state.Status, do func(context.Context, *cgroupv2.Group) error) error {
	l, err := lock(root, id)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.require(verb, allowed...); err != nil {
		return err
	}
	group, err := openGroup(l.container)
	if err != nil {
		return err
	}
	if group == nil {
		return fmt.Errorf("cannot %s container %s: %s", verb, id, noGroup(l.container))
	}
	defer group.Close()
	patience, cancel := context.WithTimeout(context.Background(), emptyTimeout)
	defer cancel()
	return do(patience, group)
}
