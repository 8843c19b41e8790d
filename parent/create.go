package parent

import (
	"errors"

	"github.com/fsrun/fsrun/internal/hooks"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
)

// Create creates a container whose program waits for Start. If it fails, nothing is left
// behind. A failure of the handshake is a *protocol.Fault.
func Create(o Options) (*state.Container, error) {
	child, container, err := create(&o, true)
	if err != nil {
		return nil, err
	}
	child.close()
	return container, nil
}

// Run creates a container and starts its program. The caller must wait for it and delete
// it.
func Run(o Options) (*Running, error) {
	child, container, err := create(&o, false)
	if err != nil {
		return nil, err
	}
	return finishStart(&o, child, container)
}

// finishStart runs the hooks that follow the start of a container's program. If one fails, the
// container is ended.
func finishStart(o *Options, child *process, container *state.Container) (*Running, error) {
	running := &Running{process: child, root: o.StateRoot, container: container, started: container.Init.StartTime, stdio: container.Stdio}
	if err := poststart(container); err != nil {
		_, _ = running.Terminate() // Delete says what is left
		return nil, errors.Join(err, running.Delete())
	}
	return running, nil
}

func create(o *Options, leave bool) (*process, *state.Container, error) {
	if err := state.ValidateID(o.ID); err != nil {
		return nil, nil, err
	}
	recorder := recording.NewRecorder(verb(leave), o.ID)
	prepared, err := prepare(o)
	if err != nil {
		return nil, nil, err
	}
	o.join(recorder, prepared.bundle.Spec.Annotations)
	h := newHandshake(prepared, o)
	h.leave, h.recorder = leave, recorder
	if err := h.walk(); err != nil {
		h.child.close()
		return nil, nil, err
	}
	return h.child, h.record, nil
}

func verb(leave bool) string {
	if leave {
		return "create"
	}
	return "run"
}

// poststart runs the hooks that follow the program's start.
func poststart(container *state.Container) error {
	if len(container.Poststart) == 0 {
		return nil
	}
	content, err := hookState(container, state.Running)
	if err != nil {
		return err
	}
	return faulty(protocol.CodeHook, hooks.Run("poststart", bundle.RunnableHooks(container.Poststart), content))
}
