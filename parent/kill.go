package parent

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent/state"
)

// ErrNotRunning is the error for signalling a container whose init has ended.
var ErrNotRunning = errors.New("container not running")

// Kill sends a signal to a container's init or, with all, to every process in the cgroup.
// SIGKILL also goes to all of them if the init has no PID namespace of its own, because its
// end would not end them.
func Kill(root, id string, signal unix.Signal, all bool) error {
	inspected, err := Inspect(root, id)
	if err != nil {
		return err
	}
	if inspected.Status == state.Creating {
		return unfinished("kill", id)
	}
	if inspected.Status == state.Stopped && !all {
		return ErrNotRunning
	}
	if (all || signal == unix.SIGKILL && !inspected.OwnPIDNamespace) && inspected.Cgroup != "" {
		return signalGroup(inspected.Container, signal)
	}
	return signalInit(inspected.Container, signal)
}

// signalInit signals the init, never another process that has got its ID since.
func signalInit(container *state.Container, signal unix.Signal) error {
	if container.Init.PID == 0 {
		return ErrNotRunning
	}
	pidfd, err := unix.PidfdOpen(container.Init.PID, 0)
	if errors.Is(err, unix.ESRCH) {
		return ErrNotRunning
	}
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	defer unix.Close(pidfd)
	if !container.Init.Alive() { // the pidfd pins the process while we check
		return ErrNotRunning
	}
	err = unix.PidfdSendSignal(pidfd, signal, nil, 0)
	if errors.Is(err, unix.ESRCH) {
		return ErrNotRunning
	}
	return os.NewSyscallError("pidfd_send_signal", err)
}

func signalGroup(container *state.Container, signal unix.Signal) error {
	group, err := openGroup(container)
	if err != nil {
		return err
	}
	if group == nil { // it was removed; the init may still run elsewhere
		return signalInit(container, signal)
	}
	defer group.Close()
	if signal == unix.SIGKILL {
		return group.Kill()
	}
	members, err := group.Procs()
	if err != nil {
		return err
	}
	var failures []error
	for _, pid := range members {
		if err := unix.Kill(pid, signal); err != nil && !errors.Is(err, unix.ESRCH) {
			failures = append(failures, fmt.Errorf("kill process %d: %w", pid, err))
		}
	}
	return errors.Join(failures...)
}
