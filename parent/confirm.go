package parent

import (
	"fmt"
	"time"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// How long and how often to look at a process that has closed its channel and still has the
// child's name (SPEC.md, "Executed, or dead").
const (
	confirmTimeout = time.Second
	confirmPause   = 200 * time.Microsecond
)

// confirm distinguishes a program that was executed from a child that died before. In both
// cases the channel has closed.
func (h *handshake) confirm(machine.Message) (machine.Event, error) { return h.child.executed() }

// executed relies on the process's name, which nothing that the child does changes except
// execve. The kernel closes descriptors before it sets the new name, so a process with the
// old one is looked at again until it has executed the program or exits. A program that
// itself has the child's name is recognized because it stays.
func (p *process) executed() (machine.Event, error) {
	exiting := false
	for end := time.Now().Add(confirmTimeout); ; {
		name, err := p.comm()
		switch {
		case err != nil:
			return "", cannotTell(err)
		case name != protocol.ChildComm, !exiting && time.Now().After(end):
			return parentmachine.Executed, nil
		case exiting:
			return "", &protocol.Fault{
				Code: protocol.CodeGone, Awaited: parentmachine.Table.Waiting(parentmachine.Starting).For,
				Detail: "the child died before it executed the program",
			}
		}
		// Read the name once more: a process that was alive a moment ago may have changed
		// its name since.
		if exiting, err = state.Exiting(p.pid); err != nil {
			return "", cannotTell(err)
		}
		if !exiting {
			time.Sleep(confirmPause)
		}
	}
}

// cannotTell fails rather than report a program about which nothing is known.
func cannotTell(err error) error {
	return protocol.Explain(protocol.CodeGone, fmt.Errorf("cannot tell whether the program was executed: %w", err))
}
