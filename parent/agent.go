package parent

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/console"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// maxProcessState is the longest container process state that a plan can hold.
const maxProcessState = 128 << 10

// fillListener adds to the plan's listener the container process state for the agent
// (config-linux.md, "The Container Process State"). It contains the child's process ID, so
// the child must exist.
func (r *requests) fillListener(spec *specs.Spec, pid int, container specs.State) error {
	for _, op := range r.plan {
		listener, is := op.(*protocol.Listener)
		if !is {
			continue
		}
		content, err := json.Marshal(specs.ContainerProcessState{
			Version: container.Version, Fds: []string{specs.SeccompFdName}, Pid: pid,
			Metadata: spec.Linux.Seccomp.ListenerMetadata, State: container,
		})
		if err != nil {
			return err
		}
		if len(content) > maxProcessState {
			return fmt.Errorf("linux.seccomp.listenerMetadata: a container process state of %d bytes; allowed are %d", len(content), maxProcessState)
		}
		listener.State = content
		return r.cut()
	}
	return nil
}

// composeStart makes Start, with a connection to the agent if there is one. It connects now
// rather than when the container is created: an agent serves one caller at a time, and a
// created container may wait for a long time.
func composeStart(agent string) ([]machine.Message, error) {
	message := machine.Message{Frame: &protocol.Start{}}
	if agent != "" {
		connection, err := console.Connect(agent)
		if err != nil {
			fault := protocol.Explain(protocol.CodeSeccomp, fmt.Errorf("the seccomp agent %q: %w", agent, err))
			fault.Path = "linux.seccomp.listenerPath"
			switch {
			case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ECONNREFUSED):
				fault.Hint = "nobody listens there: start the agent first"
			case errors.Is(err, os.ErrDeadlineExceeded):
				fault.Hint = "the agent listens and accepts nobody: look at what it does"
			}
			return nil, fault
		}
		message.Descriptors, message.Given = []int{connection}, true
	}
	return []machine.Message{message}, nil
}
