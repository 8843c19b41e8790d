package parent

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/parent/bundle"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// openGroup opens the container's group. It refuses a container that still runs but whose
// group is gone: the limits would not hold for the program.
func (j *joining) openGroup() (err error) {
	switch j.group, err = openGroup(j.container); {
	case err != nil || j.group != nil || j.container.Cgroup == "":
		return err
	case !j.container.Init.Alive():
		return fmt.Errorf("cannot exec in container %s: %w", j.container.ID, ErrNotRunning)
	}
	return fmt.Errorf("cannot exec in container %s: %s; its limits would not hold", j.container.ID, noGroup(j.container))
}

// openPlace opens the group that the caller names. It is always beneath the container's:
// cgroupv2 accepts no path with ".." and follows no link.
func (j *joining) openPlace() (*cgroupv2.Group, error) {
	refuse := func(why string) error {
		return fmt.Errorf("cgroup %q: %s; allowed: the path of a group beneath the container's", j.options.Cgroup, why)
	}
	if j.group == nil {
		return nil, refuse("the container has no cgroup of its own")
	}
	asked := strings.Trim(j.options.Cgroup, "/")
	if asked == "" {
		return nil, nil // the container's own
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		return nil, err
	}
	defer tree.Close()
	place, err := tree.Open(j.group.Path() + "/" + asked)
	var path *cgroupv2.PathError
	switch {
	case errors.As(err, &path):
		return nil, refuse(path.Reason)
	case errors.Is(err, fs.ErrNotExist):
		return nil, refuse("it is not there")
	}
	return place, err
}

// commit puts the child under the container's limits and gives it the scheduling that its
// program is to have.
func (j *joining) commit(machine.Message) (machine.Event, error) {
	j.committed = &protocol.Committed{}
	if err := j.enterGroup(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	if err := share(j.spec, j.container.ID, j.child.pid); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	raiseLimits(j.child.pid, j.spec, j.plan.Ops)
	if err := j.placeOnCPUs(); err != nil {
		return "", faulty(protocol.CodeCommit, err)
	}
	return machine.Done, faulty(protocol.CodeCommit, schedule(j.child.pid, j.options.Process))
}

// placeOnCPUs sets the affinity that the program is to have. Until now the child is bound to
// the initial CPUs or to one near us.
func (j *joining) placeOnCPUs() error {
	if affinity := j.options.Process.ExecCPUAffinity; affinity != nil {
		if final := bundle.CPUs(affinity.Final); final != nil {
			return setAffinity(j.child.pid, final)
		}
	}
	return freeAffinity(j.child.pid)
}

// destination returns the group that the process belongs in, nil for none.
func (j *joining) destination() *cgroupv2.Group {
	if j.place != nil {
		return j.place
	}
	return j.group
}

// What the container's limits must leave for a child to be born in its cgroup.
const (
	tasksOfRuntime = 16   // threads, and the process that makes the child
	wholeProcessor = 1000 // thousandths: with less, others could keep it from starting
)

// hasRoom reports whether a group has room for a whole runtime, of which nothing is left once
// the program is executed. The child is then born there: moving it would take 10 ms and
// more, because the kernel waits for all processors.
func (j *joining) hasRoom(group *cgroupv2.Group) bool {
	if group == nil || j.options.IgnorePaused {
		return false
	}
	room, err := group.Room()
	if err != nil || room.Tasks < tasksOfRuntime || room.Memory < RoomForRuntime || room.CPU < wholeProcessor {
		return false
	}
	events, err := group.Events()
	return err == nil && !events.Frozen
}

// enterGroup moves the child into the cgroup if it is not there yet. The kernel lets a
// process move past pids.max, so the limit is checked first.
func (j *joining) enterGroup() error {
	if j.group == nil {
		return nil
	}
	to := j.destination()
	j.committed.Cgroup = to.Path()
	if j.inside {
		return nil
	}
	if err := roomForOne(j.group); err != nil {
		return err
	}
	if to != j.group {
		if err := roomForOne(to); err != nil {
			return err
		}
	}
	err := j.moveInto(to)
	if errors.Is(err, unix.EBUSY) && j.place == nil {
		err = j.follow(err)
	}
	return err
}

// roomForOne refuses a process that would exceed the limit.
func roomForOne(group *cgroupv2.Group) error {
	pids, err := group.Pids()
	if err != nil {
		return faulty(protocol.CodeCommit, err)
	}
	if pids != nil && pids.Current >= pids.Limit {
		return &protocol.Fault{Code: protocol.CodeCommit, Object: group.Dir(), Errno: unix.EAGAIN,
			Detail: fmt.Sprintf("the container is at its pids limit: %d of %d processes", pids.Current, pids.Limit),
			Hint:   "raise linux.resources.pids.limit, or end a process of the container"}
	}
	return nil
}

// follow moves the child to where the container's init is. If a container runs a service
// manager, that has made groups beneath its own and hands down controllers to them, so that
// its own can no longer have processes (cgroup-v2.rst, "No Internal Process Constraint").
func (j *joining) follow(busy error) error {
	tree, err := cgroupv2.Find()
	if err != nil {
		return err
	}
	defer tree.Close()
	path, err := tree.Of(j.container.Init.PID)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(path, j.group.Path()+"/") {
		return busy
	}
	if j.place, err = tree.Open(path); err != nil {
		return err
	}
	if err := roomForOne(j.place); err != nil {
		return err
	}
	j.committed.Cgroup = j.place.Path()
	return j.add(j.place)
}

func (j *joining) add(group *cgroupv2.Group) error {
	if j.options.IgnorePaused {
		return group.AddFrozen(j.child.pid)
	}
	return group.Add(j.child.pid)
}

// deadlines let a process that joins a paused container wait until it is resumed.
func (j *joining) deadlines() map[machine.State]time.Duration {
	deadlines := maps.Clone(j.options.Deadlines)
	if _, asked := deadlines[parentmachine.Starting]; !asked && j.options.IgnorePaused {
		if deadlines == nil {
			deadlines = map[machine.State]time.Duration{}
		}
		deadlines[parentmachine.Starting] = 0
	}
	return deadlines
}

// moveInto moves the child into a cgroup. If the cgroup is systemd's and we are not allowed
// to, systemd may be.
func (j *joining) moveInto(group *cgroupv2.Group) error {
	err := j.add(group)
	refused := errors.Is(err, unix.EACCES) || errors.Is(err, unix.EPERM)
	if !refused || j.container.Unit == "" || group != j.group {
		return err
	}
	manager, err := systemd.Connect(context.Background(), j.container.UserUnit)
	if err != nil {
		return err
	}
	defer manager.Close()
	return manager.Attach(context.Background(), j.container.Unit, j.child.pid)
}
