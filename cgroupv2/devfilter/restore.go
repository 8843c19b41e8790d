package devfilter

import (
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
)

// Restore detaches from a cgroup every device program but those that stood there
// before: a container's own, and one that a hook has put in its place. It is for a
// cgroup that outlives the container; one that is deleted takes its programs along.
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
	if err != nil && !errors.Is(err, unix.ENOENT) { // somebody else was faster
		return fmt.Errorf("device program %d: detaching it: %w", id, err)
	}
	return nil
}
