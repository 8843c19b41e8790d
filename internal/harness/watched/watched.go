// Package watched makes a test binary that is also the child run the child in its own init
// function, where it can observe it. It must not import anything else, so that it is
// initialized before package first.
package watched

import "github.com/fsrun/fsrun/child/first/left"

func init() { left.ToProgram = true }
