package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// waitSlice is how long a wait sleeps in the kernel before it looks whether its
// context has ended.
const waitSlice = 50 * time.Millisecond

// Freeze stops every process of the group and waits until all have stopped. When the
// context ends first the group is thawed again, so that it is never left half frozen,
// and the error says so. Freezing what is frozen is no error.
func (g *Group) Freeze(ctx context.Context) error {
	if err := g.dir.write("cgroup.freeze", "1"); err != nil {
		return err
	}
	// A group that has processes itself is called frozen when those are, which may be
	// before the groups beneath it are.
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

// Thaw lets the processes run again. It waits until the kernel says so, which a
// frozen group above prevents: then the error names the context's end.
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

// Kill sends SIGKILL to every process of the group and of the groups beneath it, in
// one act that no fork can outrun, frozen or not (cgroup.kill, Linux 5.14). It does
// not wait: see [Group.WaitEmpty]. A group that is deleted meanwhile, as systemd
// does it with the group of a scope, has none.
func (g *Group) Kill() error {
	err := g.dir.write("cgroup.kill", "1")
	if err != nil && gone(err) && !g.dir.has("cgroup.procs") {
		return nil
	}
	return err
}

// WaitEmpty waits until no process is left in the group and the groups beneath it. A
// group that is deleted meanwhile is empty.
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

// wait blocks until cgroup.events satisfies done. The kernel wakes a poll of the file
// at every change; reading before polling makes sure that none is missed.
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
