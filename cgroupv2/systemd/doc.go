// Package systemd makes a container's cgroup through systemd: it asks the manager for a
// transient scope over D-Bus, waits for the job, tells the manager which limits are in
// force, and stops the scope.
//
// systemd owns the part of the cgroup tree that it manages; if a runtime makes groups there
// on its own, systemd may move or remove them. A scope with Delegate=yes is systemd's
// promise to leave the group alone (CGROUP_DELEGATION, "Three Scenarios"). The package is
// used like this:
//
//	unit, err := systemd.ParsePath(spec.Linux.CgroupsPath, id, user)
//	manager, err := systemd.Connect(ctx, user)
//	path, err := manager.Start(ctx, unit, description, pid, properties) // a scope needs a process
//	// … package cgroupv2 opens the group at path, the child is born in it …
//	settings, err := group.Resolve(limits)
//	err = manager.Tell(ctx, unit.Name, settings) // and then cgroupv2 commits
//	err = manager.Stop(ctx, unit.Name)
//
// # Who writes a limit
//
// Both do. Package cgroupv2 commits every limit to the kernel and reads it back: it is
// exact, all or nothing, and supports files for which systemd has no property. Before that,
// the same limits are set as the unit's properties. systemd writes its own values whenever
// it realizes a unit again, at the latest on daemon-reload, and for a unit without
// MemoryMax= it writes "max".
//
// # Device rules
//
// DevicePolicy= and DeviceAllow= are not set. Otherwise systemd would attach a device
// program of its own beside ours. Every attached program has to allow an access, so if a
// hook added a device to our program, or the rules were updated, systemd's program would
// still deny it. Without them the policy is auto with an empty list, and systemd attaches
// nothing and detaches only its own programs.
//
// Sources: org.freedesktop.systemd1(5), systemd.resource-control(5), systemd.scope(5),
// systemd's CGROUP_DELEGATION.md, the D-Bus specification.
package systemd
