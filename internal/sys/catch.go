package sys

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Variables for the handlers, which are in assembly.
var (
	//lint:ignore U1000 read in assembly
	caughtTo int32 // the descriptor to write to
	//lint:ignore U1000 read in assembly
	goHandler uintptr // what the Go runtime does about its own faults
)

// handlerOf is the kernel's struct sigaction.
type handlerOf struct {
	handler  uintptr
	flags    uint64
	restorer uintptr
	mask     uint64
}

// From asm-generic/signal.h and signal-defs.h.
const (
	ignore      = 1 // SIG_IGN
	saInfo      = 0x00000004
	saRestorer  = 0x04000000
	saOnStack   = 0x08000000
	saRestart   = 0x10000000
	saReset     = 0x80000000
	signalBytes = 8 // of a signal mask
)

// faults are signals that the kernel sends because of what a thread does.
var faults = []unix.Signal{unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGSYS}

// allSignals are blocked while a handler runs, as the Go runtime requires.
const allSignals = 1<<64 - 1

// Caught is a set of signals that are reported through a descriptor.
type Caught struct {
	before map[unix.Signal]handlerOf
}

// Catch makes each of the signals write a byte to a descriptor instead of having its usual
// effect. Signals that are ignored remain ignored. This uses a handler that the Go runtime
// does not know about: package os/signal would take two threads, and two switches between
// them for each signal. There can be only one set of caught signals at a time.
//
// A signal in once is caught one time, and then has its default effect. A signal that the
// kernel sends because of what this process does, such as SIGSEGV, is left to the Go
// runtime.
func Catch(descriptor int, signals, once []unix.Signal) (*Caught, error) {
	caughtTo = int32(descriptor)
	caught := &Caught{before: make(map[unix.Signal]handlerOf, len(signals)+len(once))}
	if err := errors.Join(caught.each(signals), caught.firstOf(once)); err != nil {
		caught.Release(slices.Concat(signals, once))
		return nil, err
	}
	return caught, nil
}

// each catches signals every time. It detects afterwards that one was ignored, which saves
// a call for all others.
func (c *Caught) each(signals []unix.Signal) error {
	for _, one := range signals {
		if err := c.catch(one, 0); err != nil {
			return err
		}
		if before := c.before[one]; before.handler == ignore {
			delete(c.before, one)
			if _, err := setHandler(one, &before); err != nil {
				return err
			}
		}
	}
	return nil
}

// firstOf catches signals one time. It detects beforehand that one is ignored: between two
// calls, it could kill a process that is meant to survive it.
func (c *Caught) firstOf(signals []unix.Signal) error {
	for _, one := range signals {
		now, err := setHandler(one, nil)
		if err != nil {
			return err
		}
		if now.handler == ignore {
			continue
		}
		if err := c.catch(one, saReset); err != nil {
			return err
		}
	}
	return nil
}

// Always catches signals every time from now on that were to be caught only once. Of those
// that were ignored, it catches only the ones in despite.
func (c *Caught) Always(signals, despite []unix.Signal) error {
	for _, one := range signals {
		if _, has := c.before[one]; !has && !slices.Contains(despite, one) {
			continue
		}
		if err := c.catch(one, 0); err != nil {
			return err
		}
	}
	return nil
}

func (c *Caught) catch(one unix.Signal, flags uint64) error {
	sent, fault, restorer := caughtHandlers()
	handler := sent
	if slices.Contains(faults, one) {
		now, err := setHandler(one, nil) // our handler may need the one to call next at once
		if err != nil {
			return err
		}
		handler = fault
		if now.handler != fault { // otherwise an earlier Catch has left ours
			goHandler = now.handler
		}
	}
	// The Go runtime gives every thread a signal stack, and needs its system calls to be
	// restarted.
	ours := handlerOf{handler: handler, restorer: restorer, flags: flags | saInfo | saOnStack | saRestart | saRestorer, mask: allSignals}
	before, err := setHandler(one, &ours)
	if err != nil {
		return err
	}
	if _, has := c.before[one]; !has {
		c.before[one] = before
	}
	return nil
}

// Release restores the previous effect of some of the signals. The others are discarded
// from now on: restoring each takes a call.
func (c *Caught) Release(signals []unix.Signal) {
	caughtTo = -1
	for _, one := range signals {
		if before, has := c.before[one]; has {
			_, _ = setHandler(one, &before) // it was set before
		}
	}
}

func setHandler(one unix.Signal, to *handlerOf) (was handlerOf, err error) {
	_, _, errno := syscall.RawSyscall6(unix.SYS_RT_SIGACTION, uintptr(one),
		uintptr(unsafe.Pointer(to)), uintptr(unsafe.Pointer(&was)), signalBytes, 0, 0)
	if errno != 0 {
		return was, os.NewSyscallError("rt_sigaction", errno)
	}
	return was, nil
}

// caughtHandlers returns the addresses of the handlers for ordinary signals and for faults,
// and of the function that they return to.
func caughtHandlers() (sent, fault, restorer uintptr)
