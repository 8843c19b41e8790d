// Package spawn starts the child: a sealed copy of this binary in the namespaces that the
// container asks for.
//
// Package sys clones the child outside the Go runtime, because a multi-threaded process
// cannot join a user namespace. What happens between its birth and the execution of the
// sealed binary is a short program of system calls, in the order in which they are written
// in Start.
package spawn
