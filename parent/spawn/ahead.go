package spawn

import (
	"runtime"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Ahead makes the child's network namespace while the caller works out what the child
// is to do: to make one is more than half of what a clone with all namespaces takes.
type Ahead struct {
	aside   *sys.Aside // nil once it has ended
	network int
}

const none = -1

// Begin begins to make what a child that joins no namespace and gets no user
// namespace needs: in one of those the network namespace would have another
// owner. Nil where there is only one processor. Where others are busy it is done no
// later than the clone would have done it.
func Begin() *Ahead {
	if runtime.NumCPU() == 1 {
		return nil
	}
	return begin()
}

// begin returns nil where there can be no other process; the clone tells why.
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

// Close gives back what has not been taken.
func (a *Ahead) Close() {
	if a.hasNetwork() {
		closeDescriptor(&a.network)
	}
}

// hasNetwork waits for the end, and says whether there is a network namespace to be
// entered. Where it cannot be had the clone tells why.
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
