package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// waitSlice is how long a wait sleeps in the kernel between checks of its context.
const waitSlice = 50 * time.Millisecond

// Freeze stops every process of the group and waits until all have stopped. If the context
// ends first, it thaws the group again, so that the group is never left half frozen, and
// returns an error. Freezing a frozen group is no error.
func (g *Group) Freeze(ctx context.Context) error {
	if err := g.dir.write("cgroup.freeze", "1"); err != nil {
		return err
	}
	// A group that has processes of its own counts as frozen when those are, possibly
	// before the groups beneath it.
	err := descend(g.dir, func(d dir) error {
		return wait(ctx, d, func(e Events) bool { return e.Frozen })
	})
	if err == nil {
		return nil
	}
	has := describeProcs(g.dir)
	if undo := g.dir.write("cgroup.freeze", "0"); undo != nil {
		return errors.Join(err, undo)
	}
	return &StateError{Group: g.dir.path, Reason: "did not freeze in time and was thawed again: it has " + has,
		Remedy: "a process in uninterruptible sleep cannot be stopped: try again", Err: err}
}

// Thaw lets the processes run again and waits until the kernel reports it. If a group above
// is frozen, that does not happen, and the error is that the context has ended.
func (g *Group) Thaw(ctx context.Context) error {
	if err := g.dir.write("cgroup.freeze", "0"); err != nil {
		return err
	}
	if err := wait(ctx, g.dir, func(e Events) bool { return !e.Frozen }); err != nil {
		return &StateError{Group: g.dir.path, Reason: "is still frozen",
			Remedy: "a group above it may be frozen: resume that", Err: err}
	}
	return nil
}

// Kill sends SIGKILL to every process of the group and of the groups beneath it, frozen or
// not, in one operation that no fork can outrun (cgroup.kill, Linux 5.14). It does not wait
// for their end: see [Group.WaitEmpty]. If the group is deleted in the meantime, as systemd
// may do with that of a scope, there is nothing left to kill and no error.
func (g *Group) Kill() error {
	err := g.dir.write("cgroup.kill", "1")
	if err != nil && gone(err) && !g.dir.has("cgroup.procs") {
		return nil
	}
	return err
}

// WaitEmpty waits until neither the group nor any group beneath it has a process. A group
// that is deleted in the meantime is empty.
func (g *Group) WaitEmpty(ctx context.Context) error {
	err := wait(ctx, g.dir, func(e Events) bool { return !e.Populated })
	switch {
	case err == nil || gone(err):
		return nil
	case ctx.Err() != nil:
		return &StateError{Group: g.dir.path, Reason: "is not empty: it has " + describeProcs(g.dir),
			Remedy: "a process that is killed and does not end is stuck in the kernel: repair what does not answer there, such as the server of a file system", Err: err}
	}
	return err
}

// wait blocks until done returns true for cgroup.events. The kernel wakes a poll of the
// file at every change since the last read; reading before each poll makes sure that none
// is missed.
func wait(ctx context.Context, d dir, done func(Events) bool) error {
	f, err := d.file("cgroup.events", unix.O_RDONLY)
	if err != nil {
		return err
	}
	defer f.close()
	for {
		content, err := f.read()
		if err != nil {
			return err
		}
		if done(parseEvents(content)) {
			return nil
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("waiting for cgroup.events: %w", err)
		}
		poll := []unix.PollFd{{Fd: int32(f.fd), Events: unix.POLLPRI}}
		if _, err := unix.Poll(poll, int(waitSlice/time.Millisecond)); err != nil && err != unix.EINTR {
			return d.fail("poll", f.name, err)
		}
	}
}
