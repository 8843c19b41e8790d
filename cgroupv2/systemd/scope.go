package systemd

import (
	"context"

	"github.com/godbus/dbus/v5"
)

// Property is a unit's property, as the manager receives it.
type Property struct {
	Name  string
	Value dbus.Variant
}

func property(name string, value any) Property { return Property{name, dbus.MakeVariant(value)} }

// auxiliary is a unit that is made along with another; we never make one.
type auxiliary struct {
	Name       string
	Properties []Property
}

// scopeProperties returns the properties of a container's scope, without the limits: those
// are set when they are committed.
func scopeProperties(unit Unit, description string, pid int) []Property {
	return []Property{
		property("Description", description),
		property("Slice", unit.Slice),
		// The group beneath is ours: systemd enables every controller that it can, and
		// leaves the content alone.
		property("Delegate", true),
		property("PIDs", []uint32{uint32(pid)}),
		// Every container has counters; engines show them.
		property("CPUAccounting", true),
		property("IOAccounting", true),
		property("MemoryAccounting", true),
		property("TasksAccounting", true),
		// Otherwise the manager's DefaultTasksMax= would be a limit that nobody asked for.
		property("TasksMax", uint64(infinity)),
		// The engine stops its containers at shutdown; systemd would do so at once, without
		// the engine's knowledge.
		property("DefaultDependencies", false),
		// Forget a scope that has failed, or its name could not be used again.
		property("CollectMode", "inactive-or-failed"),
	}
}

// Start makes the scope with the process pid in it and waits for the job. The process must
// exist, and keeps the scope alive until there are others. The given properties override or
// extend those of every container's scope. Start returns the path of the scope's cgroup,
// from the root of the tree.
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
		// A scope that failed without CollectMode=, as one made by another runtime, keeps
		// its name in use until it is reset.
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
	// fail: do not replace a job for this unit that is already queued.
	err = m.call(ctx, "StartTransientUnit", unit, []any{&job}, unit, "fail", properties, []auxiliary{})
	return job, err
}

// controlGroup returns the path of a scope's cgroup.
func (m *Manager) controlGroup(ctx context.Context, unit string) (path string, err error) {
	var object dbus.ObjectPath
	if err := m.call(ctx, "GetUnit", unit, []any{&object}, unit); err != nil {
		return "", err
	}
	return path, m.property(ctx, object, scopeInterface, "ControlGroup", unit, &path)
}

// Root returns the path of the cgroup beneath which the manager makes all others.
func (m *Manager) Root(ctx context.Context) (path string, err error) {
	ctx, cancel := bound(ctx)
	defer cancel()
	return path, m.property(ctx, managerPath, managerInterface, "ControlGroup", "", &path)
}

// Set sets properties of a running unit, for as long as it exists.
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
	const itself = "" // not into a group beneath it
	return m.call(ctx, "AttachProcessesToUnit", unit, nil, unit, itself, []uint32{uint32(pid)})
}

// Stop stops the scope, which kills any processes left in it, waits for the job, and has
// the manager forget the scope. A scope that is already gone is no error.
func (m *Manager) Stop(ctx context.Context, unit string) error {
	ctx, cancel := bound(ctx)
	defer cancel()
	ends, err := m.watch(ctx, unit)
	if err != nil {
		return err
	}
	defer ends.stop()
	var job dbus.ObjectPath
	// replace: cancel a start that is still queued.
	err = m.call(ctx, "StopUnit", unit, []any{&job}, unit, "replace")
	if err == nil {
		err = ends.wait(ctx, "stop", job)
	}
	if err != nil && !named(err, errorNoSuchUnit) {
		return err
	}
	// A failed scope whose properties keep it must be reset to be forgotten.
	if err := m.call(ctx, "ResetFailedUnit", unit, nil, unit); err != nil && !named(err, errorNoSuchUnit) {
		return err
	}
	return nil
}

// override replaces properties of the same name and appends the others.
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
