// Package first makes a program the child before most of it is initialized.
//
// A program that imports it, for that alone, is both sides of the handshake: executed
// as the child it never gets beyond the init function here. That function is on the
// process's main thread, to which namespaces, ids and file system state belong, and
// as it does not return it stays there; to lock the thread would cost another one,
// from which the runtime would make threads.
//
// The language initializes packages in an order of its own: of those whose imports
// are initialized, the one whose path sorts first. So what the child imports comes
// before this package, and most of what only the parent does comes after it: the
// network, D-Bus, flags. That is a fifth of what a child costs to start.
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
