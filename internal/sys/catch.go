package sys

import (
	"errors"
	"os"
	"slices"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// What the handlers, which are assembly, read.
var (
	//lint:ignore U1000 read in assembly
	caughtTo int32 // the descriptor to write to
	//lint:ignore U1000 read in assembly
	goHandler uintptr // what the Go runtime does about its own faults
)

// handlerOf is struct sigaction as the kernel has it.
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

// faults are signals that the kernel sends for what a thread does.
var faults = []unix.Signal{unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGSYS}

// allSignals wait while a handler runs, as the Go runtime wants it.
const allSignals = 1<<64 - 1

// Caught are signals that are told through a descriptor.
type Caught struct {
	before map[unix.Signal]handlerOf
}

// Catch has each of the signals written to a descriptor, as one byte, instead of
// what it would do. Those that are ignored stay so. A handler of ours does it
// that the Go runtime knows nothing of: package os/signal takes two threads, and
// two changes between them for each signal that is asked for. There is one set
// of caught signals at a time.
//
// A signal of once is caught one time, and then does what it does by default. One
// that the kernel sends for what this process does itself, such as SIGSEGV, is
// left to the Go runtime.
func Catch(descriptor int, signals, once []unix.Signal) (*Caught, error) {
	caughtTo = int32(descriptor)
	caught := &Caught{before: make(map[unix.Signal]handlerOf, len(signals)+len(once))}
	if err := errors.Join(caught.each(signals), caught.firstOf(once)); err != nil {
		caught.Release(slices.Concat(signals, once))
		return nil, err
	}
	return caught, nil
}

// each catches signals as often as they come. That one was ignored is seen
// afterwards, which is one call less for all others.
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

// firstOf catches signals one time. That one is ignored is seen before: between two
// calls it could end what is to live.
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

// Always catches signals from now on that were to be caught once; of those that
// were ignored only what is in despite.
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
		now, err := setHandler(one, nil) // what ours goes on to may be needed at once
		if err != nil {
			return err
		}
		handler = fault
		if now.handler != fault { // else an earlier Catch has left ours
			goHandler = now.handler
		}
	}
	// The Go runtime gives every thread a stack for signals, and wants its calls
	// to be restarted.
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

// Release lets some of the signals do what they did before. The others are lost from
// now on: to give each its own back takes a call.
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

// caughtHandlers returns the addresses of the handlers of what is sent and of what
// may be a fault, and of what they return to.
func caughtHandlers() (sent, fault, restorer uintptr)
