// Package hooks runs OCI hooks (runtime specification, config.md, POSIX-platform Hooks) for
// the parent and for the child.
//
// A hook gets the container's state on its standard input, exactly the environment that
// it is given, its own process group, and /dev/null as its standard output. The end of its
// standard error is kept for the error message.
//
// A hook cannot harm the caller: one that does not read its input does not block or signal
// us, one that exceeds its timeout is killed with its process group, and one that leaves
// behind a process with its standard error open is waited for only briefly. Such a process
// itself is left alone, because hooks start daemons on purpose.
package hooks
