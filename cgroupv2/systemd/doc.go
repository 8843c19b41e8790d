// Package systemd makes a container's cgroup through systemd: it asks the manager,
// over D-Bus, for a transient scope, waits for the job, tells the manager which
// limits are in force, and stops the scope.
//
// systemd owns the part of the cgroup tree that it manages; a runtime that makes
// groups there behind its back has them moved or removed. A scope with Delegate=yes
// is systemd's promise to leave the group alone (CGROUP_DELEGATION, "Three
// Scenarios"). So the way through the package is
//
//	unit, err := systemd.ParsePath(spec.Linux.CgroupsPath, id, user)
//	manager, err := systemd.Connect(ctx, user)
//	path, err := manager.Start(ctx, unit, pid, properties) // a scope needs a process
//	// … package cgroupv2 opens the group at path, the child is born in it …
//	settings, err := group.Resolve(limits)
//	err = manager.Tell(ctx, unit.Name, settings) // and then cgroupv2 commits
//	err = manager.Stop(ctx, unit.Name)
//
// # Who writes a limit
//
// Both do. Package cgroupv2 commits every limit to the kernel and reads it back: it
// is exact, all or nothing, and knows files for which systemd has no property. The
// same limits are set as the unit's properties before that, because systemd writes
// what it believes whenever it realizes a unit anew, at the latest on
// daemon-reload, and a unit without MemoryMax= means "max" to it.
//
// # Device rules
//
// DevicePolicy= and DeviceAllow= stay unset. With them systemd would attach a device
// program of its own beside ours; every attached program has to allow an access, so
// a hook that adds a device to our program, or an update of the rules, would be
// overruled by the other. Unset means the policy auto without a list, for which
// systemd attaches nothing and detaches nothing but its own.
//
// Sources: org.freedesktop.systemd1(5), systemd.resource-control(5),
// systemd.scope(5), systemd's CGROUP_DELEGATION.md, the D-Bus specification.
package systemd
