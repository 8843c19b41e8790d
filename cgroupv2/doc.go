// Package cgroupv2 gives a container its cgroup: it finds the cgroup2 tree, creates a group
// in it, commits limits to the group, reads back what is in force, and freezes, kills,
// measures and deletes it.
//
// The package is used like this:
//
//	limits, err := cgroupv2.Compute(spec.Linux.Resources) // pure: touches nothing
//	tree, err := cgroupv2.Find()
//	err = tree.Check(limits)                               // are the controllers available?
//	group, err := tree.Create("/fsrun/web", limits)        // directories and controllers
//	// … clone the child with CLONE_INTO_CGROUP and group.FD() …
//	standing, err := group.Commit(limits)                  // all of it, or nothing
//	err = group.Kill(); err = group.Delete(ctx)
//
// Three rules hold everywhere:
//
//   - A limit that was asked for and cannot be set is an error that names the place in
//     config.json, the controller, where that controller is bound and what would free it.
//     Nothing is dropped silently; the table of [Compute] lists what is ignored on purpose.
//   - Every path is walked beneath the tree, one component at a time, with O_NOFOLLOW and
//     without "..". There is no second, laxer way.
//   - Every read and every wait has a bound.
//
// Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst, and the sections on control
// groups in the OCI runtime specification's config-linux.md.
//
// Device rules are in the package devfilter below this one.
package cgroupv2
