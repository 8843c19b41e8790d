package console

import (
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

var (
	ends  = []os.Signal{unix.SIGHUP, unix.SIGINT, unix.SIGQUIT, unix.SIGTERM}
	stops = []os.Signal{unix.SIGTSTP, unix.SIGCONT}
)

// maxPending is how many signals may be waiting to be handled; the kernel itself keeps one
// of each.
const maxPending = 16

// signals is the part of a relay that handles signals.
type signals struct {
	resized chan os.Signal // separate, so that resizing a window cannot crowd out other signals
	others  chan os.Signal
	ending  atomic.Bool // Signal is no longer called
	quit    chan struct{}
	handler sync.WaitGroup
}

// catch starts handling the signals that concern the relay. A signal that is ignored
// remains ignored: nohup(1) asked for that.
func (r *Relay) catch() *signals {
	s := &signals{
		resized: make(chan os.Signal, 1),
		others:  make(chan os.Signal, maxPending),
		quit:    make(chan struct{}),
	}
	if r.window >= 0 {
		signal.Notify(s.resized, unix.SIGWINCH)
	}
	if r.terminal != nil {
		s.notify(stops)
	}
	if r.terminal != nil || r.caller.Signal != nil {
		s.notify(ends)
	}
	s.handler.Go(func() { r.answer(s) })
	return s
}

func (s *signals) notify(all []os.Signal) {
	for _, one := range all {
		if !signal.Ignored(one) {
			signal.Notify(s.others, one)
		}
	}
}

func (s *signals) release() {
	signal.Stop(s.resized)
	signal.Stop(s.others)
	close(s.quit)
	s.handler.Wait()
}

func (r *Relay) answer(s *signals) {
	for {
		select {
		case <-s.quit:
			return
		case <-s.resized:
			r.follow()
		case got := <-s.others:
			switch {
			case got == unix.SIGTSTP:
				r.suspend()
			case got == unix.SIGCONT:
				r.resume()
			case r.caller.Signal != nil && !s.ending.Load():
				r.caller.Signal(got)
			default:
				r.end(got.(syscall.Signal))
			}
		}
	}
}

// follow has nowhere to report an error; a size that cannot be read or set stays as it was.
func (r *Relay) follow() { _ = resize(r.window, r.master) }

// suspend stops the process with its original terminal modes. SIGSTOP stands in for the
// signal being handled.
func (r *Relay) suspend() {
	_ = r.restore()
	_ = unix.Kill(unix.Getpid(), unix.SIGSTOP)
}

// resume takes the terminal again. In the background the kernel then stops the process
// (SIGTTOU), like any program that wants its terminal.
func (r *Relay) resume() {
	_ = r.terminal.raw()
	r.follow()
}

// end lets the signal have the effect that it would have without a relay.
func (r *Relay) end(got syscall.Signal) {
	_ = r.restore()
	signal.Reset(got)
	_ = unix.Kill(unix.Getpid(), got)
}
