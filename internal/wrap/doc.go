// Package wrap makes the configuration of a container that needs no image: its root is the
// host's own, so that the host's programs run in it as they are.
//
// The container gets:
//
//   - the host's files, read-only with every mount below them, except for the paths that are
//     to be writable;
//   - its own /tmp, /run and /dev: through a socket in /run it could reach a service of the
//     host, whatever its network is. What the working directory or the program needs of
//     /tmp or /run is shown there, read-only;
//   - its own PID, IPC, UTS, mount, cgroup and network namespaces; the network has only the
//     loopback interface, unless the host's is asked for;
//   - no capabilities, no_new_privs, and the default seccomp profile. The user stays the
//     caller: root without capabilities owns what root owns, and is otherwise subject to
//     permissions. Ordinary programs need no more; capabilities can be added by name;
//   - the caller's environment and working directory.
//
// A caller without privileges also gets a user namespace, in which the caller is root.
package wrap
