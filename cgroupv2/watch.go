package cgroupv2

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Watcher notices that a group has run out of memory, has emptied or has frozen: the
// kernel wakes whoever polls memory.events and cgroup.events when a counter in them
// changes (cgroup-v2.rst, "memory.events"). It is not safe for concurrent use.
type Watcher struct{ files []*file }

// Watch begins to watch. What changes from now on ends a Wait, also one that begins
// later. Without the memory controller there is nothing to be told of memory.
func (g *Group) Watch() (*Watcher, error) {
	w := &Watcher{}
	for _, name := range [...]string{"cgroup.events", "memory.events"} {
		f, err := g.dir.file(name, unix.O_RDONLY)
		if errors.Is(err, unix.ENOENT) && name == "memory.events" {
			continue
		}
		if err == nil {
			w.files = append(w.files, f)
			_, err = f.read() // the kernel tells of what changes after a read
		}
		if err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

// Wait waits for a change, or until the time is over. The group's end is a change too.
func (w *Watcher) Wait(patience time.Duration) error {
	poll := make([]unix.PollFd, len(w.files))
	for i, f := range w.files {
		poll[i] = unix.PollFd{Fd: int32(f.fd), Events: unix.POLLPRI}
	}
	_, err := unix.Poll(poll, int(max(patience, 0)/time.Millisecond))
	if err != nil && err != unix.EINTR {
		return w.files[0].dir.fail("poll", w.files[0].name, err)
	}
	for i, f := range w.files {
		if poll[i].Revents == 0 {
			continue
		}
		if _, err := f.read(); err != nil && !gone(err) {
			return err
		}
	}
	return nil
}

// Close ends the watch.
func (w *Watcher) Close() {
	for _, f := range w.files {
		f.close()
	}
	w.files = nil
}
