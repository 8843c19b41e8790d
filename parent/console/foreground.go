package console

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"golang.org/x/sys/unix"
)

// Caller is the near end of a relay.
type Caller struct {
	// Input and Output are descriptors, usually 0 and 1. Each may be a terminal or
	// anything else; an Input of -1 is none. Where Input is a terminal it is put
	// into raw mode. Neither has its O_NONBLOCK changed: that belongs to everybody
	// who shares them.
	Input, Output int

	// Signal receives SIGHUP, SIGINT, SIGQUIT and SIGTERM, for a caller that
	// forwards them to the container. Where it is nil, and once the relay is being
	// closed, such a signal restores the terminal and then takes its default
	// action. It is called from a goroutine of the relay, one call at a time.
	Signal func(os.Signal)

	// Struck, if it is set, hears of the keys that send SIGINT and SIGQUIT, once
	// the container's terminal has them, with the process group that it sends the
	// signal to. The kernel drops a signal that process 1 of a pid namespace does
	// not handle, and the terminal tells nobody.
	Struck func(signal unix.Signal, group int)
}

// A Relay copies between a caller and a container's terminal until it is closed.
type Relay struct {
	caller   Caller
	master   int
	terminal *terminal // Input's; nil if that is none
	window   int       // whose size the container's terminal follows, -1 for none

	stop    int // eventfd(2), readable from Close on
	pumps   sync.WaitGroup
	shown   chan error // what became of the output, once it is all shown
	signals *signals
	close   func() error
}

// Foreground relays between caller and the master of a container's
// pseudoterminal. It gives the container's terminal the size of the caller's and
// follows its changes (SIGWINCH), gives up the terminal and takes it back around
// a stop (SIGTSTP, SIGCONT), and where the input is not a terminal passes its end
// on as the end-of-file character of the container's terminal.
//
// The caller closes the relay once the container's process has ended, and on
// every other way out, for that is what restores its terminal; it closes the
// master after that. The master is left in non-blocking mode.
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

	// Signals come first: a change of size, or an end, between reading the modes
	// and being ready for it would otherwise be lost.
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

// Close shows what the container has written up to now, ends the relay and
// restores the caller's terminal. It waits for an Output that is slow to take
// what is left. The error is that of the first write that Output refused, or says
// that the terminal could not be restored. Closing again gives the same answer.
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

// window is the descriptor of the caller's that is a terminal.
func window(caller Caller) int {
	for _, fd := range []int{caller.Input, caller.Output} {
		if openTerminal(fd) != nil {
			return fd
		}
	}
	return -1
}
