package parent

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/state"
)

// keptPrograms are the device programs of a cgroup that existed before its container and
// will remain. It is nil for a cgroup that is made for the container.
type keptPrograms []uint32

// lookForPrograms records which programs are attached to a cgroup before the container's
// own.
func (h *handshake) lookForPrograms() error {
	group, err := h.tree.Open(h.cgroup)
	if err != nil {
		return err
	}
	defer group.Close()
	standing, err := devfilter.Query(group.FD())
	if errors.Is(err, unix.EPERM) {
		return nil // without permission to look there is none to attach, and attaching will report it
	}
	if err != nil {
		return err
	}
	h.kept = keptPrograms{}
	var ids []string
	for _, program := range standing {
		h.kept = append(h.kept, program.ID)
		ids = append(ids, strconv.FormatUint(uint64(program.ID), 10))
	}
	return h.handle.Intend(state.Intent{Step: intentPrograms, Object: strings.Join(ids, " ")})
}

// parsePrograms parses the object of the intent.
func parsePrograms(object string) (keptPrograms, error) {
	kept := keptPrograms{}
	for _, text := range strings.Fields(object) {
		id, err := strconv.ParseUint(text, 10, 32)
		if err != nil {
			return nil, fmt.Errorf("intent record: device programs %q: %w", object, err)
		}
		kept = append(kept, uint32(id))
	}
	return kept, nil
}

// restore detaches the programs that the container attached.
func (k keptPrograms) restore(group *cgroupv2.Group) error {
	if k == nil {
		return nil
	}
	return devfilter.Restore(group.FD(), k)
}
