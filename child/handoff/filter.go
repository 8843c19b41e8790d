package handoff

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// handoverTimeout is how long an agent may take to let the listener be sent, in
// milliseconds (SPEC.md, M-LST-5).
const handoverTimeout = 10_000

// handingOver is the call's name in errors, whichever it is.
const handingOver = "sendmsg"

// filter is the seccomp filter, ready to be loaded. None has no instructions.
type filter struct {
	program  sys.Program
	loads    bool
	handover *sys.Handover // of the listener; nil without one
	multiple bool          // sendmmsg(2) hands it over
}

func compileFilter(op *protocol.Execute, listener *protocol.Listener) (f filter) {
	if len(op.Filter) == 0 {
		return f
	}
	f.loads = true
	f.program.Must("seccomp", fmt.Sprintf("a filter of %d instructions", len(op.Filter)/8),
		unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, uintptr(op.FilterFlags), f.program.Filter(op.Filter))
	if listener != nil {
		f.handover = sys.NewHandover(listener.State)
		f.multiple = listener.Call == protocol.CallSendmmsg
	}
	return f
}

// listens says whether the filter has a listener, which needs an agent.
func (f *filter) listens() bool { return f.handover != nil }

// load loads the filter and hands its listener to the agent.
func (f *filter) load(agent int) error {
	if !f.loads {
		return nil
	}
	if f.listens() { // before the filter, which need not allow it
		sys.SetSendTimeout(agent, handoverTimeout)
	}
	if err := f.program.Run(); err != nil || !f.listens() {
		return err
	}
	listener := int(f.program.Result())
	sent, errno := f.handover.Send(agent, listener, f.multiple)
	if errno != 0 {
		return &fs.PathError{Op: handingOver, Path: "the listener to the seccomp agent", Err: errno}
	}
	if sent < f.handover.Size() {
		return &fs.PathError{Op: handingOver, Path: "the listener to the seccomp agent",
			Err: errors.New("the agent took only a part of the container process state")}
	}
	// From here on the agent can answer for these calls, too. A listener that we
	// held would keep the program waiting for an agent that is dead.
	sys.Raw(unix.SYS_CLOSE, uintptr(listener))
	sys.Raw(unix.SYS_CLOSE, uintptr(agent))
	return nil
}
