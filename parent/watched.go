package parent

import (
	"errors"
	"io/fs"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/state"
)

// tracersFile notes that a process joined with traceCapability, which the container
// was not created with.
const tracersFile = "tracers"

// traceCapability lets its holder look into every process that it sees and whose user
// namespace it holds it over (ptrace(2), "Ptrace access mode checking").
const traceCapability = "CAP_SYS_PTRACE"

// mayTrace says whether a process can come to hold the capability.
func mayTrace(process *specs.Process) bool {
	return process != nil && process.Capabilities != nil && slices.Contains(process.Capabilities.Bounding, traceCapability)
}

// watched opens the mount namespace that the child is to begin in, where those that will
// see it may look into it; -1 elsewhere. A user namespace keeps them out; without one,
// who shares the PID namespace of others is seen by what those were given.
func (j *joining) watched() (mount int, err error) {
	processes := bundle.FindNamespace(j.spec, specs.PIDNamespace)
	if processes == nil || bundle.FindNamespace(j.spec, specs.UserNamespace) != nil {
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
	return openNamespace(plan.Namespace{
		Type: unix.CLONE_NEWNS, Path: j.container.Namespaces[string(specs.MountNamespace)], At: "exec",
	})
}

// noteTracer notes, before the process is there, that it may look into later ones.
func (j *joining) noteTracer() error {
	if !mayTrace(j.options.Process) || mayTrace(j.spec.Process) {
		return nil
	}
	store, err := state.Open(j.options.StateRoot)
	if err != nil {
		return err
	}
	handle, err := store.Lock(j.options.ID)
	if err != nil {
		return err
	}
	return errors.Join(handle.Keep(tracersFile, nil), handle.Close())
}
