package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/console"
)

// foreground passes signals and, if the process has a terminal, the caller's terminal on to
// a process.
type foreground struct {
	signals *forwarder
	relay   *console.Relay
	master  int
}

// inForeground starts a process in a container, passes on signals, relays its terminal and
// waits for its end. The status is nil if it never ran. If the process is mortal, a signal
// that would kill an ordinary process kills it even as process 1.
func inForeground(mortal bool, start func(console func(int) error) (*parent.Running, error)) (*unix.WaitStatus, error) {
	signals, err := forwardSignals(mortal)
	if err != nil {
		return nil, err
	}
	f := &foreground{signals: signals}
	defer f.close()
	running, err := start(f.takeConsole)
	if err != nil {
		return nil, err
	}
	err = signals.until(running)
	status, waitError := running.Wait()
	status = signals.end(status)
	return &status, errors.Join(err, waitError)
}

// takeConsole relays between our terminal and the master of the container's.
func (f *foreground) takeConsole(master int) (err error) {
	f.master = master
	caller := console.Caller{
		Input: 0, Output: 1,
		Signal: func(os.Signal) {}, // forwarded like all others
	}
	if f.signals.mortal {
		caller.Struck = f.signals.struck
	}
	f.relay, err = console.Foreground(master, caller)
	if err != nil {
		unix.Close(master)
	}
	return err
}

// close restores the caller's terminal. It ignores it if the last output could not be
// shown, as for a closed pipe: that is what the reader wants.
func (f *foreground) close() {
	f.signals.stop()
	if f.relay != nil {
		_ = f.relay.Close()
		unix.Close(f.master)
	}
}

// exitStatus returns how a process ended as a shell's exit status.
func exitStatus(ended unix.WaitStatus) int {
	if ended.Signaled() {
		return 128 + int(ended.Signal())
	}
	return ended.ExitStatus()
}
