// Package stack grows the main goroutine's stack before anything is initialized, for a
// program that imports it.
//
// It would grow four times else, from 2 KiB to what a start needs, and each time the
// runtime carves up a piece of memory for stacks of that size, and looks up and moves
// all frames that are on it. Of the packages that import nothing, which are initialized
// first, this one's path is early.
package stack

func init() { grow() }

// grow is a function whose frame is large and that does nothing.
func grow()
