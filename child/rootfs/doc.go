// Package rootfs carries out a plan's file system operations in the container's mount
// namespace: it mounts, binds, makes devices and links, pivots, and masks.
//
// The image is hostile, and so may be a process that shares a volume with the container. So
// nothing is checked by path and then used by path:
//
//   - A path becomes a descriptor once, beneath the root's descriptor, with
//     openat2(RESOLVE_IN_ROOT) or, where openat2 is not available, with a walk that holds
//     every directory open (tree).
//   - A mount is made detached, completed, and then attached to that descriptor in one step.
//     Then the path is resolved again and must show the mount that was attached (attach).
//   - A name is made through its directory's descriptor and never followed.
//   - What the runtime itself needs of procfs comes from the caller's /proc, opened before
//     the container has one, or from a private instance.
//
// Only the descriptor-based mount API is used: fsopen(2), fsconfig(2), fsmount(2),
// open_tree(2), move_mount(2), mount_setattr(2). It needs Linux 5.14.
//
// A Builder belongs to one thread, to which its goroutine must be locked, because namespaces
// and the file mode creation mask belong to a thread.
package rootfs
