package spawn

import (
	"runtime"

	"golang.org/x/sys/unix"
)

// Ahead makes on another thread, while the caller works out what the child is to
// do, what any child of its kind needs: the sealed binary, and a new network
// namespace. To make that is more than half of what a clone with all namespaces
// takes.
type Ahead struct {
	done    chan struct{}
	binary  int
	network int
}

const none = -1

// Begin begins to make what a child that joins no namespace and gets no user
// namespace needs: in one of those the network namespace would have another
// owner. Nil where there is no processor to spare: to wait for one would take
// longer.
func Begin() *Ahead {
	if !spare(runtime.GOMAXPROCS(0)) {
		return nil
	}
	a := &Ahead{done: make(chan struct{}), binary: none, network: none}
	go a.make()
	return a
}

// spare says whether one of so many processors has had nothing to do in the last
// minute, by the load average (sysinfo(2)).
func spare(processors int) bool {
	const one = 1 << 16 // SI_LOAD_SHIFT
	var info unix.Sysinfo_t
	return processors > 1 && unix.Sysinfo(&info) == nil && int(info.Loads[0]/one) < processors-1
}

func (a *Ahead) make() {
	defer close(a.done)
	a.network = newNetwork()
	a.binary, _ = overlay() // else Start seals it, and tells why it cannot
}

// newNetwork makes a network namespace and returns a descriptor of it; none where
// it cannot be had, which the clone will tell.
func newNetwork() int {
	const file = "/proc/thread-self/ns/net"
	runtime.LockOSThread()
	ours, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return none
	}
	defer unix.Close(ours)
	if err := unix.Unshare(unix.CLONE_NEWNET); err != nil {
		return none
	}
	made, err := unix.Open(file, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		made = none
	}
	if err := unix.Setns(ours, unix.CLONE_NEWNET); err == nil {
		runtime.UnlockOSThread()
	} // else the thread ends with this goroutine, and nobody else gets it
	return made
}

// Close gives back what has not been taken.
func (a *Ahead) Close() {
	if a != nil {
		<-a.done
		closeDescriptor(&a.binary)
		closeDescriptor(&a.network)
	}
}

// takeBinary returns the sealed binary, none if there is none.
func (a *Ahead) takeBinary() int {
	if a == nil {
		return none
	}
	<-a.done
	taken := a.binary
	a.binary = none
	return taken
}

// hasNetwork says whether there is a network namespace to be entered.
func (a *Ahead) hasNetwork() bool {
	if a == nil {
		return false
	}
	<-a.done
	return a.network != none
}

func closeDescriptor(descriptor *int) {
	if *descriptor != none {
		unix.Close(*descriptor)
		*descriptor = none
	}
}
