package console

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Caller is the caller's end of a relay.
type Caller struct {
	// Input and Output are descriptors, usually 0 and 1, of a terminal or anything else. An
	// Input of -1 means none. If Input is a terminal, it is put into raw mode. The relay
	// does not change O_NONBLOCK, which all processes that share the descriptor would see.
	Input, Output int

	// Signal receives SIGHUP, SIGINT, SIGQUIT and SIGTERM, for a caller that forwards them
	// to the container. If it is nil, and once the relay is being closed, such a signal
	// restores the terminal and then has its default effect. It is called from a goroutine
	// of the relay, one call at a time.
	Signal func(os.Signal)

	// Struck, if not nil, is called for the keys that send SIGINT and SIGQUIT, after the
	// container's terminal has received them, with the process group that gets the signal.
	// The kernel drops a signal that process 1 of a PID namespace does not handle, without
	// the terminal reporting it.
	Struck func(signal unix.Signal, group int)
}

// A Relay copies between a caller and a container's terminal until it is closed.
type Relay struct {
	caller   Caller
	master   int
	terminal *terminal // Input's; nil if Input is not one
	window   int       // the terminal whose size the container's follows; -1 for none

	stop    int // eventfd(2), readable once Close is called
	pumps   sync.WaitGroup
	shown   chan error // the result of the output, once all of it has been shown
	signals *signals
	close   func() error
}

// Foreground relays between the caller and the master of a container's pseudoterminal. It
// gives the container's terminal the size of the caller's and follows its changes
// (SIGWINCH), releases the caller's terminal when stopped and takes it back afterwards
// (SIGTSTP, SIGCONT), and, if the input is not a terminal, passes its end on as the
// end-of-file character of the container's terminal.
//
// The caller must close the relay once the container's process has ended, and in any other
// case too, because that restores its terminal. It may close the master only after that.
// Foreground leaves the master in non-blocking mode.
func Foreground(master int, caller Caller) (*Relay, error) {
	if err := checkMaster(master); err != nil {
		return nil, fmt.Errorf("console: %w", err)
	}
	if err := unix.SetNonblock(master, true); err != nil {
		return nil, fmt.Errorf("console: %w", os.NewSyscallError("fcntl F_SETFL", err))
	}
	stop, err := unix.Eventfd(0, unix.EFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("console: %w", os.NewSyscallError("eventfd", err))
	}
	r := &Relay{
		caller:   caller,
		master:   master,
		terminal: openTerminal(caller.Input),
		window:   window(caller),
		stop:     stop,
		shown:    make(chan error, 1),
	}
	r.close = sync.OnceValue(r.finish)

	// Catch signals first. Otherwise a change of size, or a signal to end, could be missed
	// after the modes have been read.
	r.signals = r.catch()
	if err := r.prepare(); err != nil {
		return nil, fmt.Errorf("console: %w", errors.Join(err, r.release()))
	}
	r.pumps.Go(func() { r.shown <- r.output() })
	if caller.Input >= 0 {
		r.pumps.Go(r.input)
	}
	return r, nil
}

// Close shows what the container has written so far, ends the relay and restores the
// caller's terminal. It waits for a slow Output to accept the rest. The error is about the
// first write that Output refused, or about a terminal that could not be restored. Closing
// again returns the same error.
func (r *Relay) Close() error { return r.close() }

func (r *Relay) finish() error {
	r.signals.ending.Store(true)
	if err := wake(r.stop); err != nil {
		r.signals.release()
		return fmt.Errorf("console: %w", errors.Join(err, r.restore()))
	}
	r.pumps.Wait()
	if err := errors.Join(<-r.shown, r.release()); err != nil {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

func (r *Relay) prepare() error {
	if r.window >= 0 {
		if err := resize(r.window, r.master); err != nil {
			return err
		}
	}
	if r.terminal != nil {
		return r.terminal.raw()
	}
	return nil
}

// release undoes what Foreground did, once no pump is running.
func (r *Relay) release() error {
	r.signals.release()
	return errors.Join(r.restore(), os.NewSyscallError("close", unix.Close(r.stop)))
}

func (r *Relay) restore() error {
	if r.terminal == nil {
		return nil
	}
	return r.terminal.restore()
}

// window returns which of the caller's descriptors is a terminal.
func window(caller Caller) int {
	for _, fd := range []int{caller.Input, caller.Output} {
		if openTerminal(fd) != nil {
			return fd
		}
	}
	return -1
}
