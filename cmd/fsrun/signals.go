package main

import (
	"errors"
	"os"
	"slices"
	"sync"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent"
)

// endSignals lists the signals that people use to end a program.
var endSignals = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// evenIfIgnored lists those of endSignals that are passed on even if the caller ignores
// them: a shell makes what it starts with & ignore the terminal's keys, but whoever signals
// fsrun itself means the program. HUP is not one of them: a caller that ignores it, such as
// nohup(1), wants the program to live on.
var evenIfIgnored = []unix.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// forwardedSignals lists the other signals that are always passed on. Those left out
// concern fsrun itself, belong to the Go runtime (SIGURG), or cannot be caught.
var forwardedSignals = []unix.Signal{
	unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGUSR1, unix.SIGSEGV, unix.SIGUSR2, unix.SIGALRM,
	unix.SIGSTKFLT, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGPROF, unix.SIGIO, unix.SIGPWR, unix.SIGSYS,
}

// forwardedWithoutTerminal lists those that are passed on only without a terminal, where
// servers use them for their own purposes: to stop, to reload, to add a worker. At a
// terminal they are about fsrun's job in the shell and about the window's size.
var forwardedWithoutTerminal = []unix.Signal{unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGWINCH}

// forwardedAlways returns all signals that fsrun catches and passes on every time.
func forwardedAlways(atTerminal bool) []unix.Signal {
	all := slices.Clone(forwardedSignals)
	if !atTerminal {
		all = append(all, forwardedWithoutTerminal...)
	}
	for one := minRealtime; one <= maxRealtime; one++ {
		all = append(all, one)
	}
	return all
}

// forwarder passes signals on to a process.
type forwarder struct {
	pipe    [2]int // holds caught signals: the reading and the writing end
	caught  *sys.Caught
	mortal  bool        // a signal that would kill an ordinary process kills this one
	endedBy unix.Signal // the signal that killed it

	striking sync.Mutex // held from a key to writing the pipe
	group    int        // that the last key signalled
	deaf     bool
}

// forwardSignals catches signals from now on, so that none kills fsrun after the process
// has started but before it is known. Until then, a second request of the same kind kills
// fsrun, whose child then ends by itself.
func forwardSignals(mortal bool) (*forwarder, error) {
	f := &forwarder{mortal: mortal}
	if err := unix.Pipe2(f.pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	var err error
	if f.caught, err = sys.Catch(f.pipe[1], forwardedAlways(atTerminal()), endSignals); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// until passes on signals to a process until it endSignals, beginning with those caught before it
// existed.
func (f *forwarder) until(target *parent.Running) error {
	heard := evenIfIgnored
	if f.mortal { // an ordinary program would ignore what its caller ignores
		heard = nil
	}
	if err := f.caught.Always(endSignals, heard); err != nil {
		return err
	}
	for !target.EndsBefore(f.pipe[0]) {
		for _, received := range f.take() {
			if received&byKey != 0 {
				f.strike(target, received&^byKey)
			} else {
				f.pass(target, received)
			}
		}
	}
	return nil
}

// take returns the signals in the pipe.
func (f *forwarder) take() []unix.Signal {
	var received []unix.Signal
	var content [64]byte
	for {
		count, err := unix.Read(f.pipe[0], content[:])
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || count == 0 {
			return received
		}
		for _, number := range content[:count] {
			received = append(received, unix.Signal(number))
		}
	}
}

// pass sends a signal to the process, which may have ended by itself.
func (f *forwarder) pass(target *parent.Running, received unix.Signal) {
	if f.mortal && slices.Contains(endSignals, received) && takesDefault(target.PID(), received) {
		f.endedBy, received = received, unix.SIGKILL
	}
	_ = target.Signal(received)
}

// byKey marks a signal in the pipe as sent by the terminal because of a key.
const byKey unix.Signal = 0x80

// struck is called for a key, from another goroutine.
func (f *forwarder) struck(signal unix.Signal, group int) {
	f.striking.Lock()
	defer f.striking.Unlock()
	if f.deaf {
		return
	}
	f.group = group
	_, _ = unix.Write(f.pipe[1], []byte{byte(signal | byKey)}) // if the pipe is full, the other signals will end the process
}

// strike kills a process that the key would have killed if it were not process 1. The
// terminal has already signalled it.
func (f *forwarder) strike(target *parent.Running, signal unix.Signal) {
	f.striking.Lock()
	group := f.group
	f.striking.Unlock()
	if group == target.PID() && takesDefault(target.PID(), signal) {
		f.endedBy = signal
		_ = target.Signal(unix.SIGKILL)
	}
}

// end returns how the process ended, as seen by a parent that is a shell.
func (f *forwarder) end(status unix.WaitStatus) unix.WaitStatus {
	if f.endedBy != 0 && status.Signaled() && status.Signal() == unix.SIGKILL {
		return unix.WaitStatus(f.endedBy) // wait(2): the low bits are the signal
	}
	return status
}

// stop lets signals kill fsrun again.
func (f *forwarder) stop() {
	f.caught.Release(endSignals)
	f.close()
}

func (f *forwarder) close() {
	f.striking.Lock()
	defer f.striking.Unlock()
	f.deaf = true
	unix.Close(f.pipe[0])
	unix.Close(f.pipe[1])
}
