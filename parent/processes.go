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

// Processes lists the processes of a container, by their ids in our pid
// namespace, in ascending order. One that has stopped has only those of its cgroup
// that outlive its init.
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

// namesakes lists the processes in the pid namespace of a container that has no
// cgroup.
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
