package parent

import (
	"fmt"
	"time"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// How long and how often a process is looked at that has closed its channel and
// still bears the child's name (SPEC.md, "Executed, or dead").
const (
	confirmTimeout = time.Second
	confirmPause   = 200 * time.Microsecond
)

// confirm tells a program that was executed from a child that died before. The
// channel has closed either way.
func (h *handshake) confirm(machine.Message) (machine.Event, error) { return h.child.executed() }

// executed relies on the name: execve changes it, and nothing else that the
// child does. The kernel closes descriptors before it sets the new name, so a
// process that bears the old one is looked at again: it executes or exits. A
// program whose own name is the child's is found out by its staying.
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
		// The name is read once more afterwards: one that lived until now may have
		// got another since.
		if exiting, err = state.Exiting(p.pid); err != nil {
			return "", cannotTell(err)
		}
		if !exiting {
			time.Sleep(confirmPause)
		}
	}
}

// cannotTell fails rather than report a program of which nothing is known.
func cannotTell(err error) error {
	return protocol.Explain(protocol.CodeGone, fmt.Errorf("cannot tell whether the program was executed: %w", err))
}
