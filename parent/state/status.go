package state

import (
	"os"
	"path/filepath"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Status is a container's status. Paused is not in the runtime specification, but all
// runtimes have it.
type Status = specs.ContainerState

const (
	Creating Status = specs.StateCreating
	Created  Status = specs.StateCreated
	Running  Status = specs.StateRunning
	Stopped  Status = specs.StateStopped
	Paused   Status = "paused"
)

// Status computes a container's status from its record and its processes. The caller says
// whether the container's cgroup is frozen.
//
// A container whose creator died before it was created counts as stopped: it will never run
// and can only be deleted.
func (s *Store) Status(container *Container, frozen bool) Status {
	switch {
	case container.Init.PID == 0 && container.creator.Alive():
		return Creating
	case !container.Init.Alive():
		return Stopped
	case frozen:
		return Paused
	case s.awaitsStart(container):
		return Created
	}
	return Running
}

func (s *Store) awaitsStart(container *Container) bool {
	if container.StartSocket == "" {
		return false
	}
	_, err := os.Lstat(filepath.Join(s.Path(container.ID), container.StartSocket))
	return err == nil
}
