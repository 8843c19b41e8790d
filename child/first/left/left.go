// Package left holds what a test sets so that package first leaves the child to the
// program.
package left

// ToProgram says that the program's own init function is the child, or observes it.
// It is set by an init function that comes before package first's: of a package
// that imports nothing but this one.
var ToProgram bool
