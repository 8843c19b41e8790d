package systemd

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// Property is a property of a unit's, as the manager takes it.
type Property struct {
	Name  string
	Value dbus.Variant
}

func property(name string, value any) Property { return Property{name, dbus.MakeVariant(value)} }

// auxiliary is a unit that is made along with another; there never is one.
type auxiliary struct {
	Name       string
	Properties []Property
}

// scopeProperties are those of a container's scope. The limits are not among them:
// they are set when they are committed.
func scopeProperties(unit Unit, description string, pid int) []Property {
	return []Property{
		property("Description", description),
		property("Slice", unit.Slice),
		// The group beneath is ours: systemd enables every controller that it can and
		// leaves what is in it alone.
		property("Delegate", true),
		property("PIDs", []uint32{uint32(pid)}),
		// Counters are for every container; engines show them.
		property("CPUAccounting", true),
		property("IOAccounting", true),
		property("MemoryAccounting", true),
		property("TasksAccounting", true),
		// Or DefaultTasksMax= of the manager limits what nobody limited.
		property("TasksMax", uint64(infinity)),
		// The engine ends its containers at shutdown; systemd would do it at once,
		// behind the engine's back.
		property("DefaultDependencies", false),
		// A scope that failed is forgotten, or its name could not be used again.
		property("CollectMode", "inactive-or-failed"),
	}
}

// Start makes the scope with the process pid in it, which must exist and keeps the
// scope alive until others are there, and waits for the job. Properties come on top
// of, or instead of, those that every container's scope has. It returns the path of
// the scope's cgroup, as counted from the root of the tree.
func (m *Manager) Start(ctx context.Context, unit Unit, description string, pid int, properties []Property) (string, error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	ends, err := m.watch(ctx, unit.Name)
	if err != nil {
		return "", err
	}
	defer ends.stop()
	all := override(scopeProperties(unit, description, pid), properties)
	job, err := m.startTransient(ctx, unit.Name, all)
	if named(err, errorUnitExists) {
		// One that failed before CollectMode= was set, as by another runtime, holds
		// its name until it is reset.
		if m.call(ctx, "ResetFailedUnit", unit.Name, nil, unit.Name) == nil {
			job, err = m.startTransient(ctx, unit.Name, all)
		}
	}
	if err != nil {
		return "", err
	}
	if err := ends.wait(ctx, "start", job); err != nil {
		return "", err
	}
	return m.controlGroup(ctx, unit.Name)
}

func (m *Manager) startTransient(ctx context.Context, unit string, properties []Property) (job dbus.ObjectPath, err error) {
	// fail: a job for this unit that is queued already is not ours to replace.
	err = m.call(ctx, "StartTransientUnit", unit, []any{&job}, unit, "fail", properties, []auxiliary{})
	return job, err
}

// controlGroup is the path of a scope's cgroup.
func (m *Manager) controlGroup(ctx context.Context, unit string) (path string, err error) {
	var object dbus.ObjectPath
	if err := m.call(ctx, "GetUnit", unit, []any{&object}, unit); err != nil {
		return "", err
	}
	return path, m.property(ctx, object, scopeInterface, "ControlGroup", unit, &path)
}

// Root is the path of the cgroup beneath which the manager makes all others.
func (m *Manager) Root(ctx context.Context) (path string, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	return path, m.property(ctx, managerPath, managerInterface, "ControlGroup", "", &path)
}

// Set sets properties of a unit that runs, until it is gone.
func (m *Manager) Set(ctx context.Context, unit string, properties []Property) error {
	if len(properties) == 0 {
		return nil
	}
	ctx, cancel := bound(ctx)
	defer cancel()
	const runtime = true // not kept across a reboot
	return m.call(ctx, "SetUnitProperties", unit, nil, unit, runtime, properties)
}

// Attach moves a process into the scope.
func (m *Manager) Attach(ctx context.Context, unit string, pid int) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	const itself = "" // not a group beneath it
	return m.call(ctx, "AttachProcessesToUnit", unit, nil, unit, itself, []uint32{uint32(pid)})
}

// Stop stops the scope, which kills what is left in it, waits for the job, and has the
// manager forget it. One that is gone is no error.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	ends, err := m.watch(ctx, unit)
	if err != nil {
		return err
	}
	defer ends.stop()
	var job dbus.ObjectPath
	// replace: a start that is still queued is given up.
	err = m.call(ctx, "StopUnit", unit, []any{&job}, unit, "replace")
	if err == nil {
		err = ends.wait(ctx, "stop", job)
	}
	if err != nil && !named(err, errorNoSuchUnit) {
		return err
	}
	// One that has failed, where its properties keep it, is forgotten only so.
	if err := m.call(ctx, "ResetFailedUnit", unit, nil, unit); err != nil && !named(err, errorNoSuchUnit) {
		return err
	}
	return nil
}

// override replaces properties by those of the same name and appends the others.
func override(properties, others []Property) []Property {
	for _, other := range others {
		replaced := false
		for i := range properties {
			if properties[i].Name == other.Name {
				properties[i], replaced = other, true
			}
		}
		if !replaced {
			properties = append(properties, other)
		}
	}
	return properties
}
