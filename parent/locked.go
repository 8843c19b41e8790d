package parent

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/parent/state"
)

// ErrStatus says that a container's status does not permit what was asked.
var ErrStatus = errors.New("the container's status does not allow that")

// wrongStatus is an ErrStatus with its own text.
type wrongStatus string

func (w wrongStatus) Error() string { return string(w) }

func (wrongStatus) Is(target error) bool { return target == ErrStatus } //nolint:errorlint // as errors.Is asks

func refuseStatus(format string, arguments ...any) error {
	return wrongStatus(fmt.Sprintf(format, arguments...))
}

// unfinished refuses a verb for a container that is still being created. It has not ended,
// and engines must not think that it has.
func unfinished(verb, id string) error {
	return refuseStatus("cannot %s container %s: it is still being created", verb, id)
}

// locked is a container that no other caller can change in the meantime.
type locked struct {
	*state.Handle
	container *state.Container
	status    state.Status
}

func lock(root, id string) (*locked, error) {
	store, err := state.Open(root)
	if err != nil {
		return nil, err
	}
	handle, err := store.Lock(id)
	if err != nil {
		return nil, err
	}
	container, err := handle.Load()
	if err != nil {
		handle.Close()
		return nil, err
	}
	return &locked{handle, container, store.Status(container, frozen(container))}, nil
}

// require refuses a verb in a status that does not permit it. Engines recognize the words
// for a container that is not running, and for a paused one.
func (l *locked) require(verb string, allowed ...state.Status) error {
	id := l.container.ID
	switch {
	case slices.Contains(allowed, l.status):
		return nil
	case l.status == state.Stopped:
		return fmt.Errorf("cannot %s container %s: %w", verb, id, ErrNotRunning)
	case l.status == state.Paused && !slices.Contains(allowed, state.Paused):
		return refuseStatus("cannot %s container %s: it is paused; resume it first", verb, id)
	}
	names := make([]string, len(allowed))
	for i, status := range allowed {
		names[i] = string(status)
	}
	return refuseStatus("cannot %s container %s in the %s state: allowed is %s", verb, id, l.status, strings.Join(names, " or "))
}
