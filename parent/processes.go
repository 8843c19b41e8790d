package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"

	"github.com/fsrun/fsrun/parent/state"
)

// Processes returns the IDs of a container's processes in our PID namespace, in ascending
// order. For a container that has stopped, these are the ones in its cgroup that have
// outlived its init.
func Processes(root, id string) ([]int, error) {
	inspected, err := Inspect(root, id)
	if err != nil {
		return nil, err
	}
	if inspected.Status == state.Creating {
		return nil, unfinished("look into", id)
	}
	group, err := openGroup(inspected.Container)
	if err != nil {
		return nil, err
	}
	switch {
	case group != nil:
	case inspected.Status == state.Stopped:
		return nil, nil
	default:
		return namesakes(inspected.Container)
	}
	defer group.Close()
	pids, err := group.Procs()
	slices.Sort(pids)
	return slices.Compact(pids), err
}

// namesakes lists the processes in the PID namespace of a container without a cgroup.
func namesakes(container *state.Container) ([]int, error) {
	if !container.OwnPIDNamespace {
		return nil, fmt.Errorf("container %s has neither a cgroup nor a pid namespace of its own: its processes cannot be told from others", container.ID)
	}
	own, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", container.Init.PID))
	if err != nil {
		return nil, err
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var pids []int
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		namespace, err := os.Readlink(fmt.Sprintf("/proc/%d/ns/pid", pid))
		if err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		if namespace == own {
			pids = append(pids, pid)
		}
	}
	slices.Sort(pids)
	return pids, nil
}
