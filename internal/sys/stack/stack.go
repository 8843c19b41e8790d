// Package stack grows the main goroutine's stack before anything is initialized, in a
// program that imports it.
//
// Otherwise the stack would grow four times, from 2 KiB to what a start needs, and each
// time the runtime prepares memory for stacks of that size, and finds and moves all frames.
// This package imports nothing and its path sorts early among such packages, which are
// initialized first.
package stack

func init() { grow() }

// grow does nothing, but has a large frame.
func grow()
