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

// ends are signals by which people end what does not end by itself.
var ends = []unix.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// despite are those of ends that are passed on also where the caller ignores them:
// a shell has what it starts by & ignore the terminal's keys, and whoever sends such
// a signal to fsrun itself means the program. HUP is not among them: who ignores that
// one, as nohup(1) does, wants the program to live on.
var despite = []unix.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}

// others are passed on too. Those that are left are about fsrun itself, or the Go
// runtime's own (SIGURG); or nobody can catch them.
var others = []unix.Signal{
	unix.SIGILL, unix.SIGTRAP, unix.SIGABRT, unix.SIGBUS, unix.SIGFPE, unix.SIGUSR1, unix.SIGSEGV, unix.SIGUSR2, unix.SIGALRM,
	unix.SIGSTKFLT, unix.SIGXCPU, unix.SIGXFSZ, unix.SIGVTALRM, unix.SIGPROF, unix.SIGIO, unix.SIGPWR, unix.SIGSYS,
}

// terminals are passed on where there is no terminal, as there servers take them for
// their own purposes: to stop, to reload, to have one worker more. At a terminal they
// are about fsrun's place among the shell's jobs, and about the size of the window.
var terminals = []unix.Signal{unix.SIGCONT, unix.SIGTSTP, unix.SIGTTIN, unix.SIGTTOU, unix.SIGWINCH}

// passedOn are all signals that fsrun catches as often as they come.
func passedOn(atTerminal bool) []unix.Signal {
	all := slices.Clone(others)
	if !atTerminal {
		all = append(all, terminals...)
	}
	for one := minRealtime; one <= maxRealtime; one++ {
		all = append(all, one)
	}
	return all
}

// forwarder passes signals on to a process.
type forwarder struct {
	pipe    [2]int // where caught signals wait: the reading and the writing end
	caught  *sys.Caught
	mortal  bool        // a signal that would end an ordinary process ends this one
	endedBy unix.Signal // the signal that did

	striking sync.Mutex // between a key and the pipe's end
	group    int        // that the last key was for
	deaf     bool
}

// forwardSignals catches signals from now on, so that none ends fsrun between
// the process's start and its being known. Until then a second wish to end of the
// same kind ends fsrun, whose child then ends by itself.
func forwardSignals(mortal bool) (*forwarder, error) {
	f := &forwarder{mortal: mortal}
	if err := unix.Pipe2(f.pipe[:], unix.O_CLOEXEC|unix.O_NONBLOCK); err != nil {
		return nil, os.NewSyscallError("pipe2", err)
	}
	var err error
	if f.caught, err = sys.Catch(f.pipe[1], passedOn(atTerminal()), ends); err != nil {
		f.close()
		return nil, err
	}
	return f, nil
}

// until passes signals on to a process, those first that came before there was
// one, until it has ended.
func (f *forwarder) until(target *parent.Running) error {
	heard := despite
	if f.mortal { // an ordinary program would ignore what its caller ignores
		heard = nil
	}
	if err := f.caught.Always(ends, heard); err != nil {
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

// take returns the signals that wait.
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

// pass sends a signal to the process, which may end by itself meanwhile.
func (f *forwarder) pass(target *parent.Running, received unix.Signal) {
	if f.mortal && slices.Contains(ends, received) && takesDefault(target.PID(), received) {
		f.endedBy, received = received, unix.SIGKILL
	}
	_ = target.Signal(received)
}

// byKey marks, on the pipe, a signal that the terminal has sent for a key.
const byKey unix.Signal = 0x80

// struck hears of a key, from another goroutine.
func (f *forwarder) struck(signal unix.Signal, group int) {
	f.striking.Lock()
	defer f.striking.Unlock()
	if f.deaf {
		return
	}
	f.group = group
	_, _ = unix.Write(f.pipe[1], []byte{byte(signal | byKey)}) // full of others: they end it as well
}

// strike ends a process that the key would have ended, were it not process 1. The
// terminal has told it otherwise.
func (f *forwarder) strike(target *parent.Running, signal unix.Signal) {
	f.striking.Lock()
	group := f.group
	f.striking.Unlock()
	if group == target.PID() && takesDefault(target.PID(), signal) {
		f.endedBy = signal
		_ = target.Signal(unix.SIGKILL)
	}
}

// end is how the process ended, as far as its parent in a shell can tell.
func (f *forwarder) end(status unix.WaitStatus) unix.WaitStatus {
	if f.endedBy != 0 && status.Signaled() && status.Signal() == unix.SIGKILL {
		return unix.WaitStatus(f.endedBy) // wait(2): the low bits are the signal
	}
	return status
}

// stop lets signals end fsrun again.
func (f *forwarder) stop() {
	f.caught.Release(ends)
	f.close()
}

func (f *forwarder) close() {
	f.striking.Lock()
	defer f.striking.Unlock()
	f.deaf = true
	unix.Close(f.pipe[0])
	unix.Close(f.pipe[1])
}
