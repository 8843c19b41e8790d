// Package first turns a program into the child before most of it is initialized.
//
// A program that imports it, for that effect alone, contains both sides of the handshake:
// executed as the child, it never gets past the init function in this package. That
// function runs on the process's main thread, to which namespaces, IDs and file system
// state belong, and stays there because it never returns. Locking the goroutine to the
// thread instead would cost another thread, from which the runtime would create more.
//
// Go initializes, among the packages whose imports are initialized, the one whose path
// sorts first. So what the child imports comes before this package, and most of what only
// the parent needs comes after it: networking, D-Bus, flags. This saves a fifth of what
// starting a child costs.
package first

import (
	"os"

	"github.com/fsrun/fsrun/child"
	"github.com/fsrun/fsrun/child/first/left"
	"github.com/fsrun/fsrun/protocol"
)

func init() {
	if os.Args[0] == protocol.ChildName && !left.ToProgram {
		child.Main(os.Args, nil)
	}
}
