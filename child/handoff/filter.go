package handoff

import (
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// handoverTimeout is how long an agent may take to accept the listener, in milliseconds
// (SPEC.md, M-LST-5).
const handoverTimeout = 10_000

// handingOver is the call's name in errors, whichever of the two it is.
const handingOver = "sendmsg"

// filter is a seccomp filter, ready to be loaded. Without instructions it stands for none.
type filter struct {
	program  sys.Program
	loads    bool
	handover *sys.Handover // for the listener; nil without one
	multiple bool          // hand over with sendmmsg(2)
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

// listens reports whether the filter has a listener, which needs an agent.
func (f *filter) listens() bool { return f.handover != nil }

// load loads the filter and hands its listener to the agent.
func (f *filter) load(agent int) error {
	if !f.loads {
		return nil
	}
	if f.listens() { // before the filter is loaded, which need not allow it
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
	// From here on, the agent can answer for these calls too. Keeping our copy of the
	// listener open would leave the program waiting for an agent that has died.
	sys.Raw(unix.SYS_CLOSE, uintptr(listener))
	sys.Raw(unix.SYS_CLOSE, uintptr(agent))
	return nil
}
