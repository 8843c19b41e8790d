package parent

import (
	"context"
	"errors"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/parent/state"
)

// updateUnit tells systemd the limits that are already in force in the kernel. Otherwise it
// would write the old ones the next time it writes any. It must be told all that is in
// force: a quota that was asked for alone has the current period. The manager writes what
// it is told, and rounds some of it, so the limits are then written once more.
func updateUnit(container *state.Container, group *cgroupv2.Group, limits cgroupv2.Limits, standing []cgroupv2.Setting, undo func() error) ([]cgroupv2.Setting, func() error, error) {
	before := systemd.Before(standing, container.Limits)
	undoBoth := func() error { return errors.Join(tellUnit(container, before), undo()) }
	if err := tellUnit(container, standing); err != nil {
		return nil, nil, errors.Join(err, undo())
	}
	standing, _, err := group.Update(limits)
	if err != nil {
		return nil, nil, errors.Join(err, undoBoth())
	}
	return standing, undoBoth, nil
}

// tellUnit tells systemd the limits of a container that another process made.
func tellUnit(container *state.Container, settings []cgroupv2.Setting) error {
	ctx := context.Background()
	manager, err := systemd.Connect(ctx, container.UserUnit)
	if err != nil {
		return err
	}
	defer manager.Close()
	return manager.Tell(ctx, container.Unit, settings)
}
