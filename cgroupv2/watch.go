package cgroupv2

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"
)

// Watcher notices that a group has run out of memory, has emptied or has been frozen: the
// kernel wakes whoever polls memory.events and cgroup.events when a counter changes
// (cgroup-v2.rst, "memory.events"). It is not safe for concurrent use.
type Watcher struct{ files []*file }

// Watch starts watching. Any change from now on ends a Wait, even one that begins later.
// Without the memory controller, there are no memory events to watch.
func (g *Group) Watch() (*Watcher, error) {
	w := &Watcher{}
	for _, name := range [...]string{"cgroup.events", "memory.events"} {
		f, err := g.dir.file(name, unix.O_RDONLY)
		if errors.Is(err, unix.ENOENT) && name == "memory.events" {
			continue
		}
		if err == nil {
			w.files = append(w.files, f)
			_, err = f.read() // the kernel reports changes since the last read
		}
		if err != nil {
			w.Close()
			return nil, err
		}
	}
	return w, nil
}

// Wait waits for a change, or until patience has passed. The end of the group is a change
// too.
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

// Close stops watching.
func (w *Watcher) Close() {
	for _, f := range w.files {
		f.close()
	}
	w.files = nil
}
