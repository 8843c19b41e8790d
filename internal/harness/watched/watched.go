// Package watched has a test binary that is also the child be it in its own init
// function, where it can observe it. It must import nothing else: so it is
// initialized before package first.
package watched

import "github.com/fsrun/fsrun/child/first/left"

func init() { left.ToProgram = true }
