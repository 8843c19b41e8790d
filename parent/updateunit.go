package parent

import (
	"context"
	"errors"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/parent/state"
)

// updateUnit has systemd know limits that stand in the kernel already, or it would
// write the old ones when it next writes any. It is told what stands: a quota that was
// asked for by itself has the period that stood. The manager writes what it is told, and
// counts some more coarsely: so the limits are written once more.
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

// tellUnit has systemd know the limits of a container that another process made.
func tellUnit(container *state.Container, settings []cgroupv2.Setting) error {
	ctx := context.Background()
	manager, err := systemd.Connect(ctx, container.UserUnit)
	if err != nil {
		return err
	}
	defer manager.Close()
	return manager.Tell(ctx, container.Unit, settings)
}
