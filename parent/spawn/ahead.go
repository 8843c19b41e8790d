package spawn

import (
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Ahead makes the child's network namespace while the caller determines what the child is
// to do: that is more than half of the time of a clone with all namespaces.
type Ahead struct {
	aside   *sys.Aside // nil once it has ended
	network int
}

const none = -1

// Begin starts making it, for a child that joins no namespace and gets no user namespace:
// otherwise the network namespace would have another owner. It returns nil if there is only
// one processor. If the others are busy, it takes no longer than the clone would have.
func Begin() *Ahead {
	if runtime.NumCPU() == 1 {
		return nil
	}
	return begin()
}

// begin returns nil if no other process can be made; the clone will say why.
func begin() *Ahead {
	here := unix.AT_FDCWD
	var program sys.Program
	program.Must("unshare", "CLONE_NEWNET", unix.SYS_UNSHARE, unix.CLONE_NEWNET)
	program.Must("openat", "the network namespace", unix.SYS_OPENAT, uintptr(here), program.String("/proc/self/ns/net"), unix.O_RDONLY|unix.O_CLOEXEC)
	aside, err := sys.StartAside(&program)
	if err != nil {
		return nil
	}
	return &Ahead{aside: aside, network: none}
}

// Close releases what has not been taken.
func (a *Ahead) Close() {
	if a.hasNetwork() {
		closeDescriptor(&a.network)
	}
}

// hasNetwork waits for the end and reports whether there is a network namespace to join. If
// not, the clone will say why.
func (a *Ahead) hasNetwork() bool {
	if a == nil {
		return false
	}
	if a.aside != nil {
		if made, err := a.aside.Wait(); err == nil {
			a.network = int(made)
		}
		a.aside = nil
	}
	return a.network != none
}

func closeDescriptor(descriptor *int) {
	if *descriptor != none {
		unix.Close(*descriptor)
		*descriptor = none
	}
}
