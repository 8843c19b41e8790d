package parent

import (
	"errors"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/state"
)

// Running is a process of a container that this process has started and must wait for: an
// init, or a process that joined. Signal may be called concurrently with Wait.
type Running struct {
	mutex     sync.Mutex // held when signalling and reaping
	process   *process
	root      string // the state directory of the container
	container *state.Container
	joined    bool
	started   uint64   // in clock ticks since boot
	stdio     []string // what its descriptors 0 to 2 refer to
}

// PID returns the process's ID in our PID namespace.
func (r *Running) PID() int { return r.process.pid }

// StartTime returns when the process started, in clock ticks since boot. Together with PID
// it identifies the process for good (proc_pid_stat(5)).
func (r *Running) StartTime() uint64 { return r.started }

// Stdio returns what the process's descriptors 0 to 2 referred to when its program began,
// in the format of console.Descriptors; nil if the caller may not look.
func (r *Running) Stdio() []string { return r.stdio }

// Container returns the container's record.
func (r *Running) Container() *state.Container { return r.container }

// isInitOf reports whether the process was started as a container's init. A container that
// was deleted may have left its ID to another.
func (r *Running) isInitOf(container *state.Container) bool {
	return !r.joined && container.Init == r.container.Init
}

// Signal sends the process a signal. If it has ended, that is no error.
func (r *Running) Signal(signal unix.Signal) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.process.ended != nil {
		return nil
	}
	return r.process.signal(signal)
}

// Terminate kills and reaps the process, with all that Wait does.
func (r *Running) Terminate() (unix.WaitStatus, error) {
	if err := r.Signal(unix.SIGKILL); err != nil {
		return 0, err
	}
	return r.Wait()
}

// EndsBefore waits until the process has ended or a descriptor is readable, and reports
// whether the process has ended.
func (r *Running) EndsBefore(descriptor int) bool {
	r.process.leaveBinary()
	return r.process.endsBefore(descriptor)
}

// Wait waits for the process to end and reaps it. If it is an init without a PID namespace
// of its own, whose end would end all others, Wait kills every process in the cgroup.
func (r *Running) Wait() (unix.WaitStatus, error) {
	r.process.leaveBinary()
	r.process.endsWithin(forever)
	status, err := r.reap()
	if err != nil {
		return 0, err
	}
	if r.joined || r.container.OwnPIDNamespace {
		return status, nil
	}
	return status, killRest(r.root, r.container)
}

// reap frees the process's ID, so no signal may be under way.
func (r *Running) reap() (unix.WaitStatus, error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	status, err := r.process.wait()
	if err != nil {
		return 0, err
	}
	r.process.close()
	return status, nil
}

// killRest kills what a container's init has left in the cgroup, unless the container has
// been deleted meanwhile: then nothing is left, and what is in a cgroup of that name is
// another's.
func killRest(root string, container *state.Container) error {
	l, err := lock(root, container.ID)
	if errors.Is(err, state.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer l.Close()
	if l.container.Init != container.Init {
		return nil
	}
	return killGroup(container)
}

// killGroup kills every process in a container's cgroup and waits until they have ended.
func killGroup(container *state.Container) error {
	group, err := openGroup(container)
	if err != nil || group == nil {
		return err
	}
	defer group.Close()
	if err := group.Kill(); err != nil {
		return err
	}
	patience := cgroupv2.Within(emptyTimeout)
	return group.WaitEmpty(patience)
}
