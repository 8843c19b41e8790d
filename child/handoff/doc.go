// Package handoff is everything the child does between Ready and execve. From Ready on,
// limits may be in force that leave no room for the Go runtime: no thread can be created,
// and memory may not be available.
//
// So everything that can be done before is done before: Compile prepares the system calls,
// their arguments and the frames. Run then pins the goroutine to its thread and walks the
// child's table with raw system calls, which the Go scheduler does not notice. The order is
// that of SPEC.md, "Privileged acts".
package handoff
