package parent

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
)

// tracersFile records that a process has joined with traceCapability, which the container
// was not created with.
const tracersFile = "tracers"

// traceCapability lets its holder look into every process that it sees and in whose user
// namespace it has the capability (ptrace(2), "Ptrace access mode checking").
const traceCapability = "CAP_SYS_PTRACE"

// mayTrace reports whether a process can obtain the capability.
func mayTrace(process *specs.Process) bool {
	return process != nil && process.Capabilities != nil && slices.Contains(process.Capabilities.Bounding, traceCapability)
}

// watched opens the mount namespace in which the child must begin if those who will see it
// may look into it; otherwise it returns -1. A user namespace keeps them out if it has no
// ID for our user. Without one, whoever shares the PID namespace can see the child, with
// the capabilities that they were given.
func (j *joining) watched() (mount int, err error) {
	processes := bundle.FindNamespace(j.spec, specs.PIDNamespace)
	if processes == nil {
		return -1, nil
	}
	if processes.Path == "" && !mayTrace(j.spec.Process) {
		store, err := state.Open(j.options.StateRoot)
		if err != nil {
			return -1, err
		}
		if _, err := store.Kept(j.options.ID, tracersFile, 0); errors.Is(err, fs.ErrNotExist) {
			return -1, nil
		}
	}
	if keeps, err := j.users.keepOut(); keeps || err != nil {
		return -1, err
	}
	return openNamespace(plan.Namespace{
		Type: unix.CLONE_NEWNS, Path: j.container.Namespaces[string(specs.MountNamespace)], At: "exec",
	})
}

// noteTracer records, before the process exists, that it may look into later ones.
func (j *joining) noteTracer() error {
	if !mayTrace(j.options.Process) || mayTrace(j.spec.Process) {
		return nil
	}
	store, err := state.Open(j.options.StateRoot)
	if err != nil {
		return err
	}
	return noteTracers(store, j.container.Namespaces[string(specs.PIDNamespace)])
}

// noteTracer records, before the container exists, that its processes may look into those
// that join the containers whose PID namespace it shares.
func (h *handshake) noteTracer() error {
	spec := h.bundle.Spec
	processes := bundle.FindNamespace(spec, specs.PIDNamespace)
	if !mayTrace(spec.Process) || processes == nil || processes.Path == "" {
		return nil
	}
	if user := bundle.FindNamespace(spec, specs.UserNamespace); user != nil && user.Path == "" {
		return nil
	}
	return noteTracers(h.store, processes.Path)
}

// noteTracers writes the record for each container in the store that is in a PID namespace.
func noteTracers(store *state.Store, processes string) error {
	entries, err := store.List()
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if entry.Err != nil || !sameNamespace(entry.Container.Namespaces[string(specs.PIDNamespace)], processes) {
			continue
		}
		handle, err := store.Lock(entry.ID)
		if errors.Is(err, state.ErrNotExist) {
			continue
		}
		if err == nil {
			err = errors.Join(handle.Keep(tracersFile, nil), handle.Close())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// sameNamespace reports whether two files are of the same namespace; one that cannot be
// examined is not.
func sameNamespace(one, other string) bool {
	first, err := os.Stat(one)
	if err != nil {
		return false
	}
	second, err := os.Stat(other)
	return err == nil && os.SameFile(first, second)
}
