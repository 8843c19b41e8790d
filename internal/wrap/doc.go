// Package wrap makes the configuration of a container that needs no image: its
// root is the host's own, so that the host's programs run in it as they are.
//
// What the container gets:
//
//   - the host's files, read-only with every mount below them, except those
//     paths that are to be writable;
//   - /tmp, /run and /dev of its own: a socket in /run is a way to a service of
//     the host, whatever the network is. What the working directory or the
//     program needs of /tmp or /run is shown there, read-only;
//   - pid, ipc, uts, mount, cgroup and network namespaces of its own; the
//     network has the loopback interface only, unless the host's is asked for;
//   - no capability, no_new_privs, and the default seccomp profile. The user
//     stays the caller: root without capabilities owns what root owns, and is
//     held to permissions elsewhere. Ordinary programs need no more; what is
//     lacking can be added by name;
//   - the caller's environment and working directory.
//
// A caller without privileges gets a user namespace beside them, in which the
// caller's ids are root's.
package wrap
