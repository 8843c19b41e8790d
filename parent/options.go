package parent

import (
	"time"

	"github.com/fsrun/fsrun/protocol/machine"
)

// Options says how to create a container.
type Options struct {
	// StateRoot is the state directory, "" for the default returned by state.Root.
	StateRoot string
	// ID is the container's ID.
	ID string
	// Bundle is the bundle's directory.
	Bundle string
	// ConsoleSocket is the path of a socket that receives the master of the container's
	// terminal, if it has one. If it is empty, OnConsole does.
	ConsoleSocket string
	// OnConsole receives the master if there is no ConsoleSocket, and must close it.
	OnConsole func(master int) error
	// PIDFile is the file for the init's process ID, "" for none.
	PIDFile string
	// PIDFDSocket is the path of a socket that receives a pidfd of the init, "" for none.
	PIDFDSocket string
	// Activation is what a service manager passes on to the program.
	Activation Activation
	// NoPivot moves the root instead of pivoting, for a host whose root is the initial
	// ramfs.
	NoPivot bool
	// NoNewKeyring keeps the caller's session keyring.
	NoNewKeyring bool
	// KeepAffinity leaves the program on the processors that the caller may use. Without it
	// it may use all that its cgroup allows.
	KeepAffinity bool
	// PreservedFDs is how many descriptors from 3 on the program gets.
	PreservedFDs int
	// CgroupManager says who makes the container's cgroup.
	CgroupManager CgroupManager
	// Stdio become the program's standard descriptors, unless it has a terminal. The zero
	// value makes all three the caller's standard input.
	Stdio [3]int

	Handshake
}

// CgroupManager says who makes the cgroup of a container.
type CgroupManager uint8

const (
	// Cgroupfs: the runtime itself, in the cgroup file system.
	Cgroupfs CgroupManager = iota
	// Systemd: the system manager, or the user's own, at our request.
	Systemd
	// NoCgroup: nobody. The container stays in the caller's cgroup.
	NoCgroup
)

// Handshake holds the options of every handshake.
type Handshake struct {
	// Deadlines replaces the default deadlines of waiting states, in both machines.
	Deadlines map[machine.State]time.Duration
	// Observe, if not nil, is called for every row taken and every frame.
	Observe func(machine.Step)
	// Recorded, if not nil, receives the recording of the handshake, even if it failed.
	Recorded func(*Recording)
	// Warn, if not nil, receives messages about what is not an error.
	Warn func(string)
}

func (h *Handshake) warn(text string) {
	if h.Warn != nil {
		h.Warn(text)
	}
}
