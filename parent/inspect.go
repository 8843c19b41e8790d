package parent

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/state"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Inspected is a container with its current status.
type Inspected struct {
	*state.Container
	Status state.Status
}

// Inspect returns a container. If it does not exist, the error is state.ErrNotExist.
func Inspect(root, id string) (*Inspected, error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	container, err := store.Load(id)
	if err != nil {
		return nil, err
	}
	return &Inspected{container, store.Status(container, frozen(container))}, nil
}

// inspectLiving returns a container that has processes. Otherwise the error is
// ErrNotRunning, or ErrStatus while it is being created.
func inspectLiving(root, id string) (*Inspected, error) {
	inspected, err := Inspect(root, id)
	if err != nil {
		return nil, err
	}
	switch inspected.Status {
	case state.Creating:
		return nil, unfinished("look into", id)
	case state.Stopped:
		return nil, fmt.Errorf("container %s: %w", id, ErrNotRunning)
	}
	return inspected, nil
}

// List returns all containers, sorted by ID, and what is wrong with those that cannot be
// read.
func List(root string) (found []Inspected, problems []error, err error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, nil, err
	}
	entries, err := store.List()
	if err != nil {
		return nil, nil, err
	}
	for _, entry := range entries {
		if entry.Err != nil {
			problems = append(problems, entry.Err)
			continue
		}
		found = append(found, Inspected{entry.Container, store.Status(entry.Container, frozen(entry.Container))})
	}
	return found, problems, nil
}

// Configuration returns what a container was created with.
func Configuration(root, id string) (*specs.Spec, error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	content, err := sys.ReadFile(filepath.Join(store.Path(id), configCopy))
	if errors.Is(err, fs.ErrNotExist) { // not yet, or no longer
		err = fmt.Errorf("%w: %q: %w", state.ErrNotExist, id, err)
	}
	if err != nil {
		return nil, err
	}
	return bundle.ParseSpec(string(content))
}
