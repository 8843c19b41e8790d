package parent

import (
	"encoding/json"
	"slices"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/console"
	"github.com/fsrun/fsrun/parent/mountfd"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// composePlan makes the plan's frames. Only now is the child's process ID known, which
// hooks in the child are told.
func (h *handshake) composePlan() ([]machine.Message, error) {
	if err := h.fillHooks(); err != nil {
		return nil, err
	}
	if err := h.fillGroups(); err != nil {
		return nil, err
	}
	if err := h.nameListener(); err != nil {
		return nil, err
	}
	if err := h.requests.fillListener(h.bundle.Spec, h.child.pid, h.stateOf(state.Created)); err != nil {
		return nil, err
	}
	return h.requests.composePlan()
}

// fillHooks sets the state that the child passes to its hooks.
func (h *handshake) fillHooks() error {
	filled := false
	for _, op := range h.plan.Ops {
		if hook, is := op.(*protocol.Hook); is {
			status := state.Creating
			if hook.Point == "startContainer" {
				status = state.Created
			}
			seen := h.stateOf(status)
			inside, err := innermostPID(h.child.pid)
			if err == nil {
				seen.Pid, err = strconv.Atoi(inside) // as the container sees it (runtime.md, "State")
			}
			if err == nil {
				hook.State, err = json.Marshal(seen)
			}
			if err != nil {
				return err
			}
			filled = true
		}
	}
	if !filled {
		return nil
	}
	return h.requests.cut()
}

// fillGroups removes the groups from the plan if the child has joined a user namespace
// where they cannot be set. Only now is that known.
func (h *handshake) fillGroups() error {
	if !h.joinsUserNamespace() || !groupsDenied(h.child.pid) {
		return nil
	}
	if err := h.plan.DenyGroups(); err != nil {
		return err
	}
	return h.requests.cut()
}

func (h *handshake) joinsUserNamespace() bool {
	return slices.ContainsFunc(h.plan.Join, func(n plan.Namespace) bool { return n.Type == unix.CLONE_NEWUSER })
}

// open opens the sources of binds.
func (h *handshake) open(message machine.Message) (machine.Event, error) {
	return h.requests.open(message, mountfd.Process{})
}

// deliverConsole passes on the master of the container's terminal.
func (h *handshake) deliverConsole(message machine.Message) (machine.Event, error) {
	return h.requests.deliver(message.Descriptors[0], h.options.ConsoleSocket, h.options.OnConsole)
}

func (r *requests) deliver(master int, socket string, on func(int) error) (machine.Event, error) {
	if err := r.once(protocol.OpConsole); err != nil {
		unix.Close(master)
		return "", err
	}
	if socket == "" && on != nil {
		return machine.Done, faulty(protocol.CodeConsole, on(master))
	}
	defer unix.Close(master)
	if socket == "" {
		return "", &protocol.Fault{Code: protocol.CodeConsole, Path: "process.terminal", Detail: "a terminal is asked for and nobody takes its master", Hint: "give a console socket"}
	}
	return machine.Done, faulty(protocol.CodeConsole, console.Send(socket, master, "/dev/ptmx"))
}

// faulty adds a code to an error.
func faulty(code protocol.Code, err error) error {
	if err == nil {
		return nil
	}
	return protocol.Explain(code, err)
}

// runHooks runs the prestart and createRuntime hooks. The device program is attached before
// them, because a hook that allows a device looks for it there.
func (h *handshake) runHooks(machine.Message) (machine.Event, error) {
	if err := h.requests.once(protocol.OpParentHooks); err != nil {
		return "", err
	}
	err := h.loadError
	if h.loaded != nil && h.group != nil {
		err = h.loaded.Attach(h.group.FD())
	}
	if err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	content, err := h.stateJSON(state.Creating)
	if err != nil {
		return "", err
	}
	all := h.bundle.Spec.Hooks
	//lint:ignore SA1019 the point is deprecated, but bundles use it and it must be honoured
	err = hooks.Run("prestart", h.inBundle(all.Prestart), content)
	if err == nil {
		err = hooks.Run("createRuntime", h.inBundle(all.CreateRuntime), content)
	}
	return machine.Done, faulty(protocol.CodeHook, err)
}

// inBundle makes hooks run in the bundle's directory, which is the working directory of
// other runtimes when they create a container.
func (h *handshake) inBundle(list []specs.Hook) []hooks.Hook {
	runnable := bundle.RunnableHooks(list)
	for i := range runnable {
		runnable[i].Directory = h.bundle.Directory
	}
	return runnable
}
