package handoff

import (
	"golang.org/x/sys/unix"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// walk is the child's machine from Ready on. Until then looplab/fsm walks it, which
// allocates and locks; Find reads the same rows and does neither.
type walk struct {
	handoff  *Handoff
	waits    map[machine.State]uint32           // milliseconds
	accepts  map[machine.State]protocol.KindSet // computed in advance, while there is room
	socket   int
	listener int
	agent    int // the connection that Start carried; -1 for none
	fault    *protocol.Fault
}

// Run takes the row that sends Ready and goes on from there. It does not return: either the
// program replaces the child, or the child exits.
func (h *Handoff) Run(socket int, row *machine.Row, ready *protocol.Ready, waits map[machine.State]uint32) {
	frame, err := protocol.Encode(ready) // while there is still room
	if err != nil {
		sys.Raw(unix.SYS_EXIT_GROUP, 1)
	}
	w := &walk{handoff: h, waits: waits, accepts: map[machine.State]protocol.KindSet{}, socket: socket, listener: -1, agent: -1}
	for _, state := range [...]machine.State{childmachine.AwaitingCommit, childmachine.Committed, childmachine.Attached} {
		accepts := childmachine.Table.Accepts(state)
		protocol.Expect(accepts)
		w.accepts[state] = accepts
	}
	sys.Pin()
	for event := w.ready(frame, row); ; event = w.enter(row) {
		from := row.To
		if row = childmachine.Table.Find(from, event); row == nil {
			break
		}
		if len(row.Send) > 0 { // only ever a Fault
			w.tell(from)
		}
		if childmachine.Table.IsTerminal(row.To) {
			break
		}
	}
	sys.Raw(unix.SYS_EXIT_GROUP, 1)
}

// ready sends Ready and waits for what follows. If the parent is gone, receiving will show
// it.
func (w *walk) ready(frame []byte, row *machine.Row) machine.Event {
	switch errno := sys.Send(w.socket, frame); errno {
	case 0, unix.EPIPE, unix.ECONNRESET:
		return w.enter(row)
	default:
		w.fault = &protocol.Fault{Code: protocol.CodeChannel, Call: "sendto", Errno: errno, Object: "Ready"}
		return machine.Failed
	}
}

// enter does what the row's new state asks for and returns the outcome.
func (w *walk) enter(row *machine.Row) machine.Event {
	switch row.Effect {
	case childmachine.Execute:
		w.fault = w.handoff.execute(w.agent)
		return machine.Failed
	case childmachine.Accept:
		return w.accept()
	}
	return w.receive(row.To)
}

// receive waits for a frame that the state accepts.
func (w *walk) receive(state machine.State) machine.Event {
	wait := w.waits[state]
	data, descriptor, truncated, errno := w.handoff.frames.Receive(w.socket, wait)
	if errno == unix.ECONNRESET { // reported once, ahead of what can still be read
		data, descriptor, truncated, errno = w.handoff.frames.Receive(w.socket, wait)
	}
	switch {
	case errno == unix.EAGAIN:
		w.fault = &protocol.Fault{Code: protocol.CodeTimeout}
		return machine.Timeout
	case errno == unix.ECONNRESET, errno == 0 && len(data) == 0:
		w.refuse(descriptor)
		return machine.EOF
	case errno != 0:
		w.fault = &protocol.Fault{Code: protocol.CodeChannel, Call: "recvmsg", Errno: errno}
		return machine.Failed
	}
	carried := 0
	if descriptor >= 0 {
		carried = 1
	}
	kind, err := protocol.Scan(data, carried, w.accepts[state])
	if err == nil && truncated {
		err = &protocol.Malformed{Offset: len(data), Reason: "truncated by the transport"}
	}
	if err == nil && kind == protocol.KindStart && (descriptor >= 0) != w.handoff.filter.listens() {
		err = &protocol.Malformed{Offset: len(data), Reason: startWants[w.handoff.filter.listens()]}
	}
	if err != nil {
		w.refuse(descriptor)
		w.fault = protocol.Explain(protocol.CodeMalformed, err)
		return machine.Malformed
	}
	switch kind {
	case protocol.KindDetach:
		w.listener = descriptor
	case protocol.KindStart:
		w.agent = descriptor
	}
	return machine.Received(kind)
}

// refuse closes the descriptor, if any, of a message that is not accepted. Even an empty
// message can carry one.
func (w *walk) refuse(descriptor int) {
	if descriptor >= 0 {
		sys.Raw(unix.SYS_CLOSE, uintptr(descriptor))
	}
}

// startWants says what is wrong with a Start, depending on whether the filter has a
// listener.
var startWants = map[bool]string{
	true:  "Start without the connection to the seccomp agent, which the plan's listener is for",
	false: "Start with a descriptor, and the plan has no listener",
}

// accept closes the current socket and waits for a caller to connect.
func (w *walk) accept() machine.Event {
	sys.Raw(unix.SYS_CLOSE, uintptr(w.socket))
	for {
		socket, errno := sys.Raw(unix.SYS_ACCEPT4, uintptr(w.listener), 0, 0, unix.SOCK_CLOEXEC)
		switch errno {
		case 0:
			w.socket = int(socket)
			return childmachine.Connected
		case unix.ECONNABORTED:
		default:
			return machine.Failed
		}
	}
}

// tell sends the Fault that ends the child. Its text is not known before, so this
// allocates; if that is one page too many, the parent sees that the child was killed, and
// why.
func (w *walk) tell(state machine.State) {
	fault := w.fault
	if fault == nil {
		fault = &protocol.Fault{Code: protocol.CodeChannel}
	}
	fault.Machine, fault.State = childmachine.Table.Name, string(state)
	if wait := childmachine.Table.Waiting(state); wait != nil {
		fault.Awaited = wait.For
	}
	if frame, err := protocol.Encode(fault.Bounded()); err == nil {
		sys.Send(w.socket, frame)
	}
}
