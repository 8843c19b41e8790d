package child

import (
	"fmt"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// greet selects the highest version that both sides speak. Version 1 has no optional
// features, so none is selected.
func (c *child) greet(message machine.Message) (machine.Event, error) {
	c.hello = message.Frame.(*protocol.Hello)
	if c.hello.LowestVersion > c.hello.HighestVersion {
		return "", malformed("Hello for versions %d..%d", c.hello.LowestVersion, c.hello.HighestVersion)
	}
	if !slices.IsSortedFunc(c.hello.Features, strictly) {
		return "", malformed("Hello with features that are not ascending: %q", c.hello.Features)
	}
	if c.hello.LowestVersion > protocol.Version || c.hello.HighestVersion < protocol.Version {
		return "", &protocol.Fault{Code: protocol.CodeVersion, Detail: fmt.Sprintf(
			"the parent speaks versions %d..%d of the protocol, the child version %d",
			c.hello.LowestVersion, c.hello.HighestVersion, protocol.Version)}
	}
	for _, deadline := range c.hello.Deadlines {
		c.deadlines[machine.State(deadline.State)] = time.Duration(deadline.Milliseconds) * time.Millisecond
	}
	c.welcome.Version = protocol.Version
	if c.hello.MapsWanted {
		return childmachine.Mapped, nil
	}
	return childmachine.Plain, hide()
}

// strictly treats equal strings as out of order.
func strictly(one, before string) int {
	if one > before {
		return 1
	}
	return -1
}

func (c *child) composeWelcome() ([]machine.Message, error) {
	return []machine.Message{{Frame: &c.welcome}}, nil
}

// becomeRoot makes the child root in its user namespace. Until the mappings were written,
// its IDs were mapped to nothing.
func (c *child) becomeRoot(machine.Message) (machine.Event, error) {
	if err := unix.Setresgid(0, 0, 0); err != nil {
		return "", fmt.Errorf("setresgid 0: %w", err)
	}
	if err := unix.Setresuid(0, 0, 0); err != nil {
		return "", fmt.Errorf("setresuid 0: %w", err)
	}
	return machine.Done, hide()
}

// hide keeps other processes of the container from looking into this one, which still holds
// the runtime's descriptors. It comes after the mappings, which the parent writes through
// /proc: once it is in force, nobody owns the files there.
func hide() error {
	return os.NewSyscallError("prctl PR_SET_DUMPABLE", unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0))
}

// waits returns the deadlines of all states in milliseconds, for the handoff: those the
// parent asked for, otherwise the table's defaults.
func (c *child) waits() map[machine.State]uint32 {
	waits := map[machine.State]uint32{}
	for _, wait := range childmachine.Table.Waits {
		deadline, asked := c.deadlines[wait.State]
		if !asked {
			deadline = wait.Deadline
		}
		waits[wait.State] = uint32(deadline / time.Millisecond)
	}
	return waits
}
