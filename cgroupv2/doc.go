// Package cgroupv2 gives a container its cgroup: it finds the cgroup2 tree,
// creates a group in it, commits limits to the group, reads back what really
// stands, and freezes, kills, measures and deletes it.
//
// The way through the package is
//
//	limits, err := cgroupv2.Compute(spec.Linux.Resources) // pure: nothing is touched
//	tree, err := cgroupv2.Find()
//	err = tree.Check(limits)                               // are the controllers to be had?
//	group, err := tree.Create("/fsrun/web", limits)        // directories and controllers
//	// … clone the child with CLONE_INTO_CGROUP and group.FD() …
//	stands, err := group.Commit(limits)                    // all of it, or nothing
//	err = group.Kill(); err = group.Delete(ctx)
//
// Three rules hold everywhere:
//
//   - A limit that was asked for and cannot be had is an error that names the
//     place in config.json, the controller, where that controller is bound and
//     what would free it. Nothing is dropped silently; what is ignored on purpose
//     is listed in the table of [Compute].
//   - Every path is walked beneath the tree, one component at a time, with
//     O_NOFOLLOW and without "..". There is no second, laxer way.
//   - Every read and every wait has a bound.
//
// Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst, and the sections
// on control groups of the OCI runtime specification's config-linux.md.
//
// Device rules are the job of the package devfilter below this one.
package cgroupv2
