package parent

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/parent/state"
)

// Running is a process of a container that this process has started and waits
// for: an init, or one that joined. Signal may be called while Wait waits.
type Running struct {
	mutex     sync.Mutex // between a signal and the reaping
	process   *process
	container *state.Container
	joined    bool
	started   uint64   // in clock ticks since boot
	stdio     []string // what is behind descriptors 0 to 2
}

// PID is its process id in our pid namespace.
func (r *Running) PID() int { return r.process.pid }

// StartTime is when it started, in clock ticks since boot: with PID it names this
// process for good (proc_pid_stat(5)).
func (r *Running) StartTime() uint64 { return r.started }

// Stdio is what was behind its descriptors 0 to 2 when its program began, in the
// form of console.Descriptors; nil where the caller may not look.
func (r *Running) Stdio() []string { return r.stdio }

// Container is what is recorded of the container.
func (r *Running) Container() *state.Container { return r.container }

// Signal sends it a signal. One that has ended takes it without an error.
func (r *Running) Signal(signal unix.Signal) error {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if r.process.ended != nil {
		return nil
	}
	return r.process.signal(signal)
}

// Terminate kills it and reaps it, with all that Wait does.
func (r *Running) Terminate() (unix.WaitStatus, error) {
	if err := r.Signal(unix.SIGKILL); err != nil {
		return 0, err
	}
	return r.Wait()
}

// EndsBefore waits until the process has ended or a descriptor has something to
// read, and says whether the process has.
func (r *Running) EndsBefore(descriptor int) bool {
	r.process.leaveBinary()
	return r.process.endsBefore(descriptor)
}

// Wait waits for its end and reaps it. Where an init has no pid namespace of its
// own, whose end would end all others, every process of the cgroup is killed.
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
	return status, killGroup(r.container)
}

// reap takes the process's id away, which no signal may meet half-way.
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

// killGroup kills every process of a container's cgroup and waits for their end.
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
