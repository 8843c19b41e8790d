package parent

import (
	"maps"
	"math"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/bundle"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
	"github.com/fsrun/fsrun/protocol/transport"
)

// handshake is one walk of the parent's machine that creates a container. Its methods are
// the table's effects.
type handshake struct {
	*prepared
	options *Options
	// leave: a later caller is to start the program.
	leave    bool
	recorder *recording.Recorder

	store     *state.Store
	handle    *state.Handle
	group     *cgroupv2.Group
	socket    *channel
	child     *process
	apart     bool               // the child is outside its cgroup until Ready
	kept      keptPrograms       // nil: the cgroup was made for the container
	shares    *resctrl.Group     // nil: not asked for
	loaded    *devfilter.Program // nil: no device rules
	loadError error
	record    *state.Container
	listener  int // for Detach; -1 for none

	committed *protocol.Committed
	encoded   []byte // the same, encoded
}

func newHandshake(prepared *prepared, o *Options) *handshake {
	return &handshake{prepared: prepared, options: o, socket: &channel{}, listener: -1}
}

// channel is the socket to the child. It is there before the child is, since a
// runner needs one, and closed when the handshake ends.
type channel struct{ *transport.Socket }

// walk drives the handshake from its first row to a terminal state.
func (h *handshake) walk() error {
	walker, err := machine.New(parentmachine.Table, "")
	if err != nil {
		return err
	}
	defer h.close()
	runner := &machine.Runner{
		Machine: walker,
		Channel: h.socket,
		Effects: map[machine.Effect]func(machine.Message) (machine.Event, error){
			parentmachine.Reserve:        h.reserve,
			parentmachine.Spawn:          h.spawn,
			parentmachine.Agree:          h.agree,
			parentmachine.WriteMaps:      h.writeMaps,
			parentmachine.Open:           h.open,
			parentmachine.DeliverConsole: h.deliverConsole,
			parentmachine.RunHooks:       h.runHooks,
			parentmachine.Commit:         h.commit,
			parentmachine.Release:        h.release,
			parentmachine.Confirm:        h.confirm,
			parentmachine.TearDown:       h.tearDown,
		},
		Compose: map[protocol.Kind]func() ([]machine.Message, error){
			protocol.KindHello:     h.composeHello,
			protocol.KindPlan:      h.composePlan,
			protocol.KindOpenDone:  h.requests.composeOpenDone,
			protocol.KindCommitted: h.composeCommitted,
			protocol.KindStart:     func() ([]machine.Message, error) { return composeStart(h.plan.Agent) },
			protocol.KindDetach:    h.composeDetach,
		},
		Deadlines: h.deadlines(),
		Observe:   h.options.observers(h.recorder),
	}
	_, err = runner.Drive(machine.Begin)
	err = h.explain(err)
	h.options.recorded(h.recorder, err, h.handle, handshakeFile)
	return err
}

// deadlines adds to the caller's deadlines the time that the bundle's own hooks may take:
// while they run in the child, the parent waits.
func (h *handshake) deadlines() map[machine.State]time.Duration {
	deadlines := map[machine.State]time.Duration{}
	for state, deadline := range h.options.Deadlines {
		deadlines[state] = deadline
	}
	for state, hooks := range map[machine.State][]hookTimeout{
		parentmachine.Preparing: h.hookTimeouts("createContainer"),
		parentmachine.Starting:  h.hookTimeouts(startPoint),
	} {
		if _, asked := deadlines[state]; !asked {
			deadlines[state] = extend(parentmachine.Table.Waiting(state).Deadline, hooks)
		}
	}
	return deadlines
}

// startPoint is the point of the hooks that run once the program is to be started.
const startPoint = "startContainer"

// startDeadline is how long whoever starts the container later must wait. It is computed
// here because only here the plan is known, and thus the time that hooks may take.
func (h *handshake) startDeadline() time.Duration {
	return extend(parentmachine.Table.Waiting(parentmachine.Starting).Deadline, h.hookTimeouts(startPoint))
}

// hookTimeout is a hook's timeout, 0 if it has none.
type hookTimeout time.Duration

func (h *handshake) hookTimeouts(point string) []hookTimeout {
	var timeouts []hookTimeout
	for _, op := range h.plan.Ops {
		if hook, is := op.(*protocol.Hook); is && hook.Point == point {
			timeouts = append(timeouts, hookTimeout(time.Duration(hook.Milliseconds)*time.Millisecond))
		}
	}
	return timeouts
}

// extend adds timeouts to a deadline. The result is 0, forever, if a hook has no timeout or
// if the sum exceeds a Duration.
func extend(deadline time.Duration, hooks []hookTimeout) time.Duration {
	for _, timeout := range hooks {
		if timeout == 0 || time.Duration(timeout) > math.MaxInt64-deadline {
			return 0
		}
		deadline += time.Duration(timeout)
	}
	return deadline
}

// close releases what only the handshake needs, however it ended.
func (h *handshake) close() {
	if h.socket.Socket != nil {
		h.socket.Close()
	}
	if h.handle != nil {
		h.handle.Close()
	}
	closeDescriptor(&h.listener)
	if h.loaded != nil {
		h.loaded.Close()
	}
	if h.group != nil {
		h.group.Close()
	}
	h.scope.close()
	h.prepared.close()
}

func (h *handshake) composeHello() ([]machine.Message, error) {
	wishes := maps.Clone(h.options.Deadlines)
	if _, asked := wishes[awaitingHooks]; !asked && h.plan.Early {
		if wishes == nil {
			wishes = map[machine.State]time.Duration{}
		}
		wishes[awaitingHooks] = h.parentHooksTimeout()
	}
	return helloMessage(protocol.RoleInit, h.plan.UserMaps, wishes), nil
}

// awaitingHooks is the child's state while the parent's hooks run (SPEC.md, "Deadlines").
const awaitingHooks machine.State = "awaiting_hooks"

// parentHooksTimeout is how long the parent's hooks may take, plus a margin.
func (h *handshake) parentHooksTimeout() time.Duration {
	var timeouts []hookTimeout
	//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
	for _, list := range [][]specs.Hook{h.bundle.Spec.Hooks.Prestart, h.bundle.Spec.Hooks.CreateRuntime} {
		for _, hook := range bundle.RunnableHooks(list) {
			timeouts = append(timeouts, hookTimeout(hook.Timeout))
		}
	}
	return extend(10*time.Second, timeouts)
}

// agree checks that what the child accepted had been offered.
func (h *handshake) agree(message machine.Message) (machine.Event, error) {
	if event, err := agreePlain(message); err != nil || !h.plan.UserMaps {
		return event, err
	}
	return parentmachine.Mapped, nil
}
