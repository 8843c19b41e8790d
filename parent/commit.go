package parent

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/console"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// commit puts limits and the device program in force, reads them back, and records them.
// Meanwhile the child waits, and has nothing left to do that takes many resources.
func (h *handshake) commit(machine.Message) (machine.Event, error) {
	h.committed = &protocol.Committed{}
	if err := h.commitLimits(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	if err := h.commitDevices(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	if err := h.encode(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	if err := h.commitShares(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	raiseLimits(h.child.pid, h.bundle.Spec, h.plan.Ops)
	if !h.options.KeepAffinity {
		_ = freeAffinity(h.child.pid) // nobody asked for it: if it is refused, what we have must do
	}
	if err := schedule(h.child.pid, h.bundle.Spec.Process); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	return machine.Done, faulty(protocol.CodeState, h.save())
}

func (h *handshake) commitLimits() error {
	if h.group == nil {
		return nil
	}
	h.committed.Cgroup = h.group.Path()
	if h.apart {
		if err := h.group.Add(h.child.pid); err != nil {
			return err
		}
	}
	if h.scope != nil {
		if err := h.scope.settle(context.Background(), h.group, h.limits); err != nil {
			return err
		}
	}
	stands, err := h.group.Commit(h.limits)
	if err != nil {
		return err
	}
	if err := giveGroup(h.group, h.bundle.Spec); err != nil {
		return err
	}
	h.committed.Limits, err = readBack(stands)
	return err
}

func (h *handshake) commitDevices() error {
	if h.loaded == nil {
		return h.loadError
	}
	standing, err := h.loaded.Commit(h.group.FD())
	if err != nil {
		return err
	}
	for _, attached := range standing.Programs {
		h.committed.Programs = append(h.committed.Programs, attached.ID)
	}
	h.record.DeviceProgram = standing.Own
	return nil
}

func (h *handshake) composeCommitted() ([]machine.Message, error) {
	return []machine.Message{{Frame: h.committed, Encoded: h.encoded}}, nil
}

// save records the container.
func (h *handshake) save() error {
	spec := h.bundle.Spec
	record := h.record
	record.OCIVersion, record.ID, record.Annotations = spec.Version, h.options.ID, spec.Annotations
	record.SeccompAgent, record.CallersKeyring = h.plan.Agent, h.options.NoNewKeyring
	record.StartDeadline = h.startDeadline()
	record.Bundle, record.Rootfs = h.bundle.Directory, bundle.RootPath(spec, h.bundle.Directory)
	record.Created, record.Owner = time.Now().UTC(), effectiveUser()
	record.OwnPIDNamespace = h.plan.New&bundleFlag(specs.PIDNamespace) != 0
	record.Namespaces = namespacePaths(record.Init.PID)
	record.Limits = map[string]string{}
	for _, limit := range h.committed.Limits {
		record.Limits[limit.Name] = strings.TrimSpace(limit.Value)
	}
	if h.group != nil {
		record.Cgroup, record.CgroupMount = h.group.Dir(), h.tree.Mount()
	}
	if h.scope != nil {
		record.Unit, record.UserUnit = h.scope.unit.Name, h.scope.user
	}
	if spec.Hooks != nil {
		record.Poststart, record.Poststop = spec.Hooks.Poststart, spec.Hooks.Poststop
	}
	var err error
	if record.UserNamespace, err = h.containersUserNamespace(); err != nil {
		return err
	}
	if record.Stdio, err = console.Descriptors(record.Init.PID); err != nil {
		return err
	}
	if h.leave {
		// A container without this socket counts as running, so the socket must exist
		// before the container does.
		if h.listener, err = listen(h.handle.Directory()); err != nil {
			return err
		}
		record.StartSocket = startSocket
	}
	return h.handle.Save(record)
}

// stateJSON returns the container's state in the format for hooks (runtime.md, "State").
func (h *handshake) stateJSON(status state.Status) ([]byte, error) {
	return json.Marshal(h.stateOf(status))
}

func (h *handshake) stateOf(status state.Status) specs.State {
	return ociState(&state.Container{
		OCIVersion: h.bundle.Spec.Version, ID: h.options.ID, Init: h.record.Init,
		Bundle: h.bundle.Directory, Annotations: h.bundle.Spec.Annotations,
	}, status)
}
