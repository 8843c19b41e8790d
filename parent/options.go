package parent

import (
	"time"

	"github.com/fsrun/fsrun/protocol/machine"
)

// Options says how a container is to be created.
type Options struct {
	// StateRoot is the state directory, "" for the default of state.Root.
	StateRoot string
	// ID is the container's id.
	ID string
	// Bundle is the bundle's directory.
	Bundle string
	// ConsoleSocket is the path of a socket that takes the master of the
	// container's terminal, if it has one. Empty: see OnConsole.
	ConsoleSocket string
	// OnConsole takes the master otherwise. It becomes the callee's to close.
	OnConsole func(master int) error
	// PIDFile is where the init's process id is written, "" for nowhere.
	PIDFile string
	// PIDFDSocket is the path of a socket that takes a pidfd of the init, "" for
	// none.
	PIDFDSocket string
	// Activation is what the program gets of a service manager's.
	Activation Activation
	// NoPivot moves the root instead of pivoting: for a host whose root is the
	// initial ramfs.
	NoPivot bool
	// NoNewKeyring keeps the caller's session keyring.
	NoNewKeyring bool
	// PreservedFDs is how many descriptors from 3 on the program gets.
	PreservedFDs int
	// CgroupManager is who makes the container's cgroup.
	CgroupManager CgroupManager
	// Stdio become the program's standard descriptors, unless it has a terminal. The
	// zero value is the caller's standard input three times over.
	Stdio [3]int

	Handshake
}

// CgroupManager is who makes the cgroup of a container.
type CgroupManager uint8

const (
	// Cgroupfs: the runtime itself, in the cgroup file system.
	Cgroupfs CgroupManager = iota
	// Systemd: the system's manager, or the user's own, on request.
	Systemd
	// NoCgroup: nobody. The container stays in the cgroup of the caller.
	NoCgroup
)

// Handshake is what every handshake can be told.
type Handshake struct {
	// Deadlines replaces defaults of the machines' waiting states, of both.
	Deadlines map[machine.State]time.Duration
	// Observe, if set, sees every row taken and every frame.
	Observe func(machine.Step)
	// Recorded, if set, gets the recording of the handshake, also of a failed one.
	Recorded func(*Recording)
	// Warn, if set, gets what is to be logged and does not fail.
	Warn func(string)
}

func (h *Handshake) warn(text string) {
	if h.Warn != nil {
		h.Warn(text)
	}
}
