package console

import (
	"encoding/binary"
	"errors"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

const (
	// chunk is how many bytes are copied at a time: more than a terminal buffers.
	chunk = 32 << 10

	// maxTail bounds how many bytes are shown after the relay has been told to end. It is
	// well above what the kernel buffers for a terminal, so nothing from the container's
	// process is lost; more must come from a process that outlived it and may never stop.
	maxTail = 1 << 20

	// reopening is how often to look at a terminal that no process has open: poll(2) cannot
	// wait for it to be opened.
	reopening = 50 * time.Millisecond
)

// output copies from the master to the caller until the relay is closed and everything has
// been shown. It keeps reading if the caller accepts no more, like a pipe without a reader:
// the container must not hang because of it.
func (r *Relay) output() error {
	buffer := make([]byte, chunk)
	var refused error
	for tail := 0; tail < maxTail; {
		events, stopped, err := await(r.master, unix.POLLIN, r.stop, -1)
		if err != nil {
			return errors.Join(refused, err)
		}
		if events == 0 {
			// Stopped, and nothing is left. Polling a terminal makes what has been written
			// available to readers, so this is certain.
			return refused
		}
		n, err := unix.Read(r.master, buffer)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case errors.Is(err, unix.EIO):
			// No process has the terminal open. If the container has ended, that is the
			// end; otherwise a process may open it again, as an init does with
			// /dev/console.
			if stopped {
				return refused
			}
			if _, _, err := await(-1, 0, r.stop, reopening); err != nil {
				return errors.Join(refused, err)
			}
			continue
		case err != nil:
			return errors.Join(refused, os.NewSyscallError("read", err))
		}
		if refused == nil {
			refused = writeAll(r.caller.Output, buffer[:n])
		}
		if stopped {
			tail += n
		}
	}
	return refused
}

// input copies from the caller to the master until the relay is closed or the input ends.
// It ends silently: an input that cannot be read counts as ended.
//
// The caller's descriptors stay in blocking mode. So if another reader of the same input
// takes what poll reported, input waits for the next bytes.
func (r *Relay) input() {
	buffer := make([]byte, chunk)
	last := byte('\n')
	keys := keyboard{master: r.master}
	for {
		_, stopped, err := await(r.caller.Input, unix.POLLIN, r.stop, -1)
		if err != nil || stopped {
			return
		}
		n, err := unix.Read(r.caller.Input, buffer)
		switch {
		case errors.Is(err, unix.EINTR), errors.Is(err, unix.EAGAIN):
			continue
		case err != nil || n == 0:
			if r.terminal == nil {
				r.feed(endOfFile(r.master, last))
			}
			return
		}
		last = buffer[n-1]
		var strikes []strike
		if r.caller.Struck != nil {
			strikes = keys.strikes(buffer[:n])
		}
		if !r.feed(buffer[:n]) {
			return
		}
		for _, s := range strikes {
			r.caller.Struck(s.signal, s.group)
		}
	}
}

// feed writes to the master. It returns false if the relay was closed before everything was
// written.
func (r *Relay) feed(rest []byte) bool {
	for len(rest) > 0 {
		events, stopped, err := await(r.master, unix.POLLOUT, r.stop, -1)
		if err != nil || stopped {
			return false
		}
		if events&unix.POLLOUT == 0 {
			// The buffer is full, and no process has the terminal open: see output.
			if _, _, err := await(-1, 0, r.stop, reopening); err != nil {
				return false
			}
			continue
		}
		n, err := unix.Write(r.master, rest)
		if err != nil && !errors.Is(err, unix.EINTR) && !errors.Is(err, unix.EAGAIN) {
			return false
		}
		rest = rest[max(n, 0):]
	}
	return true
}

// endOfFile returns what a person would type to end the input. In the middle of a line the
// character only submits the line so far, so it is typed twice.
func endOfFile(master int, last byte) []byte {
	modes, err := unix.IoctlGetTermios(master, unix.TCGETS)
	if err != nil || modes.Cc[unix.VEOF] == 0 { // 0: _POSIX_VDISABLE
		return nil
	}
	character := modes.Cc[unix.VEOF]
	if last == '\n' {
		return []byte{character}
	}
	return []byte{character, character}
}

// await waits until fd has one of events or has failed, the relay is closed, or the timeout
// passes; a negative timeout never does. A negative fd has no events.
func await(fd int, events int16, stop int, timeout time.Duration) (got int16, stopped bool, err error) {
	polled := []unix.PollFd{
		{Fd: int32(fd), Events: events},
		{Fd: int32(stop), Events: unix.POLLIN},
	}
	milliseconds := -1
	if timeout >= 0 {
		milliseconds = int(timeout.Milliseconds())
	}
	for {
		_, err := unix.Poll(polled, milliseconds)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		return polled[0].Revents, polled[1].Revents != 0, os.NewSyscallError("poll", err)
	}
}

func writeAll(fd int, rest []byte) error {
	for len(rest) > 0 {
		n, err := unix.Write(fd, rest)
		switch {
		case errors.Is(err, unix.EINTR):
		case errors.Is(err, unix.EAGAIN):
			// Another process that shares the descriptor has made it non-blocking.
			if _, _, err := await(fd, unix.POLLOUT, -1, -1); err != nil {
				return err
			}
		case err != nil:
			return os.NewSyscallError("write", err)
		}
		rest = rest[max(n, 0):]
	}
	return nil
}

// wake makes an eventfd readable permanently.
func wake(event int) error {
	_, err := unix.Write(event, binary.NativeEndian.AppendUint64(nil, 1))
	return os.NewSyscallError("write", err)
}
