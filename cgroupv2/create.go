package cgroupv2

import (
	"errors"
	"fmt"
	"strings"

	"golang.org/x/sys/unix"
)

// createTries bounds how often Create starts over because another container's end removed a
// parent directory.
const createTries = 10

// Missing returns the directories on the way to path that do not exist yet, outermost
// first: those that [Tree.Create] would make. A caller that must be able to clean up after
// being killed records them first.
func (t *Tree) Missing(path string) ([]string, error) {
	names, err := split(path)
	if err != nil {
		return nil, err
	}
	for depth := range names {
		d, err := t.walk(names[:depth+1])
		switch {
		case err == nil:
			d.close()
		case errors.Is(err, unix.ENOENT):
			var missing []string
			for ; depth < len(names); depth++ {
				missing = append(missing, join(names[:depth+1]))
			}
			return missing, nil
		default:
			return nil, err
		}
	}
	return nil, nil
}

// Create makes the group at path, along with every missing directory on the way, and
// enables the controllers that the limits need. It does not write the limits:
// [Group.Commit] does.
//
// An existing group is used only if it is fit for a new container (config-linux.md,
// "Control groups"): if it has processes, is frozen or lies beneath a frozen group, the
// error is a [*StateError]. For a missing controller it is a [*ControllerError]. On
// failure, every directory that was made is removed again.
func (t *Tree) Create(path string, l Limits) (*Group, error) {
	names, err := split(path)
	if err != nil {
		return nil, err
	}
	if err := t.Check(l); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		g := &Group{tree: t, names: names}
		err := g.create(l)
		if err == nil {
			return g, nil
		}
		t.removeCreated(g.created)
		if !gone(err) || try == createTries {
			return nil, err
		}
	}
}

// create walks down to the group. It appends each directory that it makes to g.created, so
// that the caller can undo an incomplete creation.
func (g *Group) create(l Limits) error {
	at := g.tree.root
	defer func() {
		if at != g.tree.root && at != g.dir {
			at.close()
		}
	}()
	for i, name := range g.names {
		if err := g.tree.enable(at, l); err != nil {
			return err
		}
		made, err := at.mkdir(name)
		if err != nil {
			return explainMkdir(at, name, err)
		}
		if made {
			g.created = append(g.created, join(g.names[:i+1]))
		}
		next, err := at.child(name)
		if err != nil {
			return err
		}
		if at != g.tree.root {
			at.close()
		}
		at = next
		if made {
			continue // a new group: nobody can have frozen it yet
		}
		if err := refuseFrozen(at); err != nil {
			return err
		}
	}
	if err := refuseUnfit(at); err != nil {
		return err
	}
	g.dir = at
	return nil
}

// refuseFrozen checks whether this very group was asked to freeze, so that the error names
// the group to be thawed, not one beneath it.
func refuseFrozen(d dir) error {
	state, err := d.read("cgroup.freeze")
	if err != nil {
		return err
	}
	if state == "1" {
		return &StateError{Group: d.path, Reason: "is frozen, a process started in it would stop at once",
			Remedy: "resume it (write 0 to its cgroup.freeze) or choose another cgroupsPath"}
	}
	return nil
}

// refuseUnfit refuses a group that is not fit for a new container.
func refuseUnfit(d dir) error {
	events, err := readEvents(d)
	if err != nil {
		return err
	}
	switch {
	case events.Populated:
		return &StateError{Group: d.path, Reason: "is not empty: it has " + describeProcs(d),
			Remedy: "end them or choose another cgroupsPath"}
	case events.Frozen:
		return &StateError{Group: d.path, Reason: "is frozen by a group above the cgroup namespace",
			Remedy: "resume that group"}
	}
	kind, err := d.read("cgroup.type")
	if err != nil {
		return err
	}
	if !strings.HasPrefix(kind, "domain") || kind == "domain invalid" {
		return &StateError{Group: d.path, Reason: fmt.Sprintf("is of type %q and cannot hold whole processes", kind),
			Remedy: "choose a cgroupsPath outside a threaded subtree"}
	}
	return nil
}

// explainMkdir adds what a refused mkdir means.
func explainMkdir(d dir, name string, err error) error {
	e := &StateError{Group: d.path, Reason: fmt.Sprintf("takes no new group %q", name), Err: err}
	switch {
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		e.Remedy = delegationRemedy
	case errors.Is(err, unix.EROFS):
		e.Remedy = "the cgroup2 mount is read-only here: remount it read-write or run with a cgroup namespace of its own"
	case errors.Is(err, unix.EAGAIN):
		e.Remedy = "cgroup.max.depth or cgroup.max.descendants of this group or one above is reached: raise it"
	default:
		return err
	}
	return e
}

// explainEnable adds what a refused write to cgroup.subtree_control means.
func explainEnable(d dir, controller string, err error) error {
	e := &StateError{Group: d.path, Reason: fmt.Sprintf("does not hand down the %s controller", controller), Err: err}
	switch {
	case errors.Is(err, unix.EBUSY):
		e.Remedy = "a process was moved into it meanwhile: try again"
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		e.Remedy = delegationRemedy
	case errors.Is(err, unix.EOPNOTSUPP):
		e.Remedy = "choose a cgroupsPath outside a threaded subtree"
	case errors.Is(err, unix.EINVAL) && controller == "cpu":
		e.Remedy = "move realtime processes to the root group: this kernel schedules them by group (CONFIG_RT_GROUP_SCHED)"
	default:
		return err
	}
	return e
}

const delegationRemedy = "have the group delegated to this user (systemd-run --user --scope -p Delegate=yes …, or Delegate=yes on the unit) or run as root"
