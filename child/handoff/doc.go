// Package handoff is everything the child does after it has said Ready, up to
// execve. From that moment limits may be in force that leave no room for the
// runtime: no thread can be created, no memory need be had.
//
// So all that can be done before is done before: Compile writes the calls,
// their arguments and the frames. Run then pins the goroutine to its thread and
// walks the child's table with raw system calls, of which the Go scheduler takes
// no notice. The order of the acts is that of SPEC.md, "Privileged acts".
package handoff
