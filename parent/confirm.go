package parent

import (
	"time"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
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
// process that bears the old one is looked at again: it executes or ends. A
// program whose own name is the child's is found out by its staying.
func (p *process) executed() (machine.Event, error) {
	for end := time.Now().Add(confirmTimeout); ; time.Sleep(confirmPause) {
		alive := p.alive() // before the name: one that lives may have got it since
		if p.comm() != protocol.ChildComm || alive && time.Now().After(end) {
			return parentmachine.Executed, nil
		}
		if !alive {
			return "", &protocol.Fault{
				Code: protocol.CodeGone, Awaited: parentmachine.Table.Waiting(parentmachine.Starting).For,
				Detail: "the child died before it executed the program",
			}
		}
	}
}
