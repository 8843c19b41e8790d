// Package left lets a test tell package first to leave the child to the program.
package left

// ToProgram says that the program's own init function runs the child, or observes it. It
// must be set by an init function that comes before package first's: in a package that
// imports nothing but this one.
var ToProgram bool
