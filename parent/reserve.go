package parent

import (
	"cmp"
	"context"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// The steps in the intent record, in order.
const (
	intentDirectory = "cgroup directory" // a directory that will be made for the cgroup
	intentPrograms  = "device programs"  // those of a cgroup that existed before
	intentCgroup    = "cgroup"           // the container's cgroup: all processes in it are the container's
	intentUnit      = "unit"             // the systemd scope that is its cgroup
	intentUserUnit  = "user unit"        // the same from the user's own manager
	intentResctrl   = "resctrl group"    // a group to be removed with the container
	intentChild     = "child"            // the child, once made
)

// configCopy is the copy, in the state directory, of the configuration that a container was
// created with: exec needs it, and the bundle may change.
const configCopy = bundle.ConfigName

// reserve takes the ID, records what will be made, and makes the cgroup.
func (h *handshake) reserve(machine.Message) (machine.Event, error) {
	if err := h.reserveID(); err != nil {
		return "", protocol.Explain(protocol.CodeState, err)
	}
	if err := h.makeShares(); err != nil {
		return "", err
	}
	if h.tree == nil {
		return machine.Done, nil
	}
	if h.scope != nil {
		return machine.Done, h.makeScope(context.Background())
	}
	if err := h.intendDirectories(); err != nil {
		return "", protocol.Explain(protocol.CodeState, err)
	}
	var err error
	h.group, err = h.tree.Create(h.cgroup, h.limits)
	if err != nil && h.confined && !h.asksForCgroup() {
		return machine.Done, nil // an ordinary user who asks for no limits gets no cgroup
	}
	if err != nil {
		fault := protocol.Explain(protocol.CodeOperation, err)
		fault.Path = cmp.Or(fault.Path, "linux.cgroupsPath")
		return "", fault
	}
	// Only now is it known to be empty. Whoever deletes the container kills what is in it,
	// which must not be another's.
	return machine.Done, faulty(protocol.CodeState, h.handle.Intend(state.Intent{Step: intentCgroup, Object: h.cgroup}))
}

func (h *handshake) intendDirectories() error {
	missing, err := h.tree.Missing(h.cgroup)
	if err != nil {
		return err
	}
	for _, directory := range missing {
		if err := h.handle.Intend(state.Intent{Step: intentDirectory, Object: directory}); err != nil {
			return err
		}
	}
	if len(missing) == 0 && h.devices != nil {
		return h.lookForPrograms()
	}
	return nil
}

func (h *handshake) reserveID() (err error) {
	if h.store, err = state.Open(h.options.StateRoot); err != nil {
		return err
	}
	if h.handle, err = h.store.Reserve(h.options.ID, h.bundle.Directory); err != nil {
		return err
	}
	if err := h.noteTracer(); err != nil {
		return err
	}
	return h.keepConfig()
}

func (h *handshake) keepConfig() error {
	return writeAt(h.handle.Directory(), configCopy, unix.O_EXCL, h.bundle.Text)
}
