package parent

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/state"
	"github.com/fsrun/fsrun/protocol"
)

// findResctrl is a variable for tests: few machines have the file system.
var findResctrl = resctrl.Find

// findShares looks for the file system if the bundle asks for a group in it.
func (p *prepared) findShares() (err error) {
	if p.bundle.Spec.Linux.IntelRdt != nil {
		p.resctrl, err = findResctrl()
	}
	return err
}

// makeShares makes the container's resctrl group.
func (h *handshake) makeShares() (err error) {
	if h.resctrl == nil {
		return nil
	}
	h.shares, err = h.resctrl.Make(h.bundle.Spec.Linux.IntelRdt, h.options.ID, func(group string) error {
		return h.handle.Intend(state.Intent{Step: intentResctrl, Object: group})
	})
	return faulty(protocol.CodeState, err)
}

// commitShares puts the child's first thread, which becomes the program, into the group.
func (h *handshake) commitShares() error {
	if h.shares == nil {
		return nil
	}
	return h.shares.Add(h.child.pid)
}

// share puts a process that joins a container into the container's resctrl group.
func share(spec *specs.Spec, id string, pid int) error {
	if spec.Linux.IntelRdt == nil {
		return nil
	}
	tree, err := findResctrl()
	if err != nil {
		return err
	}
	defer tree.Close()
	return tree.Group(spec.Linux.IntelRdt, id).Add(pid)
}

// removeShares removes the resctrl groups that were made for a container, last first.
// Without the file system they are gone anyway.
func removeShares(groups []string) error {
	if len(groups) == 0 {
		return nil
	}
	tree, err := findResctrl()
	if errors.Is(err, resctrl.ErrNotMounted) {
		return nil
	}
	if err != nil {
		return err
	}
	defer tree.Close()
	var failures []error
	for i := len(groups) - 1; i >= 0; i-- {
		failures = append(failures, tree.Remove(groups[i]))
	}
	return errors.Join(failures...)
}
