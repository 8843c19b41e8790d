package devfilter

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Restore detaches every device program from a cgroup except those that were attached
// before: that is, the container's own, or what a hook has replaced it with. It is for a
// cgroup that outlives the container; deleting a cgroup detaches its programs.
func Restore(cgroup int, before []uint32) error {
	standing, err := Query(cgroup)
	if err != nil {
		return err
	}
	var failures []error
	for _, program := range standing {
		if !slices.Contains(before, program.ID) {
			failures = append(failures, detach(cgroup, program.ID))
		}
	}
	return errors.Join(failures...)
}

func detach(cgroup int, id uint32) error {
	program, err := sys.BPFOpen(id)
	if err == nil {
		defer unix.Close(program)
		err = sys.BPFDetach(cgroup, program, attachType)
	}
	if err != nil && !errors.Is(err, unix.ENOENT) { // another process was faster
		return fmt.Errorf("device program %d: detaching it: %w", id, err)
	}
	return nil
}
