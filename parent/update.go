package parent

import (
	"errors"
	"fmt"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
)

// Update changes the limits and device rules of a container that is created or running;
// what change does not name is left alone. It is all or nothing: if the kernel refuses a
// change, or the record cannot be written, everything is restored. The device program is
// replaced atomically.
func Update(root, id string, change *specs.LinuxResources) error {
	l, err := lock(root, id)
	if err != nil {
		return err
	}
	defer l.Close()
	if err := l.require("update", state.Created, state.Running); err != nil {
		return err
	}
	spec, err := Configuration(root, id)
	if err != nil {
		return err
	}
	u, err := planUpdate(spec.Linux.Resources, bundle.WithoutZeroPids(spec.Version, change))
	if err != nil {
		return err
	}
	if len(u.limits.Settings()) == 0 && u.devices == nil {
		return nil
	}
	tree, group, err := openTree(l.container)
	if tree != nil {
		defer tree.Close()
	}
	if err == nil && group == nil {
		err = fmt.Errorf("cannot update container %s: %s", id, noGroup(l.container))
	}
	if err != nil {
		return err
	}
	defer group.Close()
	return u.apply(l, group)
}

// update is a change that has been computed before anything is touched.
type update struct {
	limits cgroupv2.Limits
	// was and devices are the old and new device programs; devices is nil to leave the old
	// one.
	was, devices devfilter.Instructions
	merged       *specs.LinuxResources // the container's resources after the change
}

func planUpdate(has, change *specs.LinuxResources) (*update, error) {
	if has == nil {
		has = &specs.LinuxResources{}
	}
	u := &update{merged: mergeResources(has, change)}
	var err error
	if u.limits, err = cgroupv2.Compute(completeResources(has, change)); err != nil {
		return nil, err
	}
	if len(change.Devices) == 0 {
		return u, nil
	}
	if u.devices, err = devfilter.Compile(devfilter.WithDefaults(change.Devices)); err != nil {
		return nil, err
	}
	if len(has.Devices) > 0 {
		u.was, err = devfilter.Compile(devfilter.WithDefaults(has.Devices))
	}
	return u, err
}

// apply changes the kernel after the record has been written and before it is put in place,
// which can hardly fail.
func (u *update) apply(l *locked, group *cgroupv2.Group) error {
	staged, err := stageConfig(l, u.merged)
	if err != nil {
		return fmt.Errorf("cannot update container %s: %w", l.container.ID, err)
	}
	defer staged.drop()
	standing, undo, err := group.Update(u.limits)
	if err != nil {
		return err
	}
	if l.container.Unit != "" {
		if standing, undo, err = updateUnit(l.container, group, u.limits, standing, undo); err != nil {
			return err
		}
	}
	program, err := u.changeDevices(group)
	if err != nil {
		return errors.Join(err, undo())
	}
	for _, setting := range standing {
		if l.container.Limits == nil {
			l.container.Limits = map[string]string{}
		}
		l.container.Limits[setting.File] = strings.TrimSpace(setting.Value)
	}
	if program != 0 {
		l.container.DeviceProgram = program
	}
	if err = l.Save(l.container); err == nil {
		err = staged.place()
	}
	if err != nil {
		return errors.Join(err, u.restoreDevices(group), undo())
	}
	return nil
}

// changeDevices replaces the device program and returns the ID of the new one, 0 if there
// is no change.
func (u *update) changeDevices(group *cgroupv2.Group) (uint32, error) {
	if u.devices == nil {
		return 0, nil
	}
	standing, err := devfilter.Update(group.FD(), u.was, u.devices)
	return standing.Own, err
}

// restoreDevices reverts changeDevices. If there were no rules before, the new ones remain:
// fewer devices are the safe side.
func (u *update) restoreDevices(group *cgroupv2.Group) error {
	if u.devices == nil || len(u.was) == 0 {
		return nil
	}
	if _, err := devfilter.Update(group.FD(), u.devices, u.was); err != nil {
		return fmt.Errorf("restoring the device rules: %w", err)
	}
	return nil
}
