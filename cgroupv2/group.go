package cgroupv2

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxProcs bounds how many processes of a group are listed. It is the most that a 64-bit
// kernel can have (PID_MAX_LIMIT).
const maxProcs = 4 << 20

// Group is a cgroup, held open by a descriptor of its directory. Its methods may be called
// concurrently, except for Close and Delete, after which it must not be used.
type Group struct {
	tree    *Tree
	names   []string
	dir     dir
	created []string
}

// Open opens an existing group in whatever state it is. Created is what [Group.Created]
// returned when the group was made, from the caller's record; without it, Delete removes
// nothing.
func (t *Tree) Open(path string, created ...string) (*Group, error) {
	names, err := split(path)
	if err != nil {
		return nil, err
	}
	if err := validateCreated(names, created); err != nil {
		return nil, err
	}
	d, err := t.walk(names)
	if err != nil {
		return nil, err
	}
	return &Group{tree: t, names: names, dir: d, created: created}, nil
}

// Path returns the group's path beneath the tree, with a leading slash.
func (g *Group) Path() string { return join(g.names) }

// Dir returns the path of the group's directory on the host, for messages and records.
func (g *Group) Dir() string { return g.dir.path }

// Created returns the paths of the directories that [Tree.Create] made for this group,
// outermost first. They must be recorded if another process is to delete the group.
func (g *Group) Created() []string { return append([]string(nil), g.created...) }

// FD returns the descriptor of the group's directory, for CLONE_INTO_CGROUP and for
// attaching device programs. The Group owns it and closes it.
func (g *Group) FD() int { return g.dir.fd }

// Close closes the descriptor and leaves the group as it is. Closing twice is no error; any
// other use afterwards fails with EBADF.
func (g *Group) Close() { g.dir.release() }

// Add moves the process pid, with all its threads, into the group. Memory that it was
// charged for before stays charged to its old group (cgroup-v2.rst, "Memory Ownership").
// Add refuses a frozen group, because the process would stop at once.
func (g *Group) Add(pid int) error {
	if pid <= 0 {
		return fmt.Errorf("cgroup %s: pid %d cannot be added: a pid is positive", g.Path(), pid)
	}
	if err := g.RefuseFrozen(); err != nil {
		return err
	}
	return g.AddFrozen(pid)
}

// RefuseFrozen returns a [StateError] if the group or one above it is frozen: a process
// that is born there would stop before it is executed.
func (g *Group) RefuseFrozen() error {
	events, err := g.Events()
	if err == nil && events.Frozen {
		err = &StateError{Group: g.dir.path, Reason: "is frozen", Remedy: "resume it first"}
	}
	return err
}

// AddFrozen is Add, but accepts a frozen group too: the process stops until it is thawed.
func (g *Group) AddFrozen(pid int) error {
	return g.dir.write("cgroup.procs", strconv.Itoa(pid))
}

// Procs returns the processes of the group and of every group beneath it. The order is the
// kernel's. A process that moves in the meantime may be missed or listed twice.
func (g *Group) Procs() ([]int, error) {
	return procs(g.dir)
}

func procs(top dir) ([]int, error) {
	var pids []int
	err := descend(top, func(d dir) error {
		own, err := ownProcs(d, maxProcs-len(pids))
		pids = append(pids, own...)
		return err
	})
	return pids, err
}

// ownProcs reads the cgroup.procs of one group as a stream, up to limit processes.
func ownProcs(d dir, limit int) ([]int, error) {
	f, err := d.file("cgroup.procs", unix.O_RDONLY)
	if err != nil {
		return nil, err
	}
	stream := os.NewFile(uintptr(f.fd), d.path+"/cgroup.procs")
	defer stream.Close()
	var pids []int
	lines := bufio.NewScanner(stream)
	for lines.Scan() {
		pid, err := strconv.Atoi(lines.Text())
		if err != nil {
			return pids, f.dir.fail("read", f.name, err)
		}
		if len(pids) == limit {
			return pids, f.dir.fail("read", f.name, unix.EFBIG)
		}
		// Processes outside our PID namespace are shown as 0.
		if pid > 0 {
			pids = append(pids, pid)
		}
	}
	// A group in a threaded subtree lists no processes; they are listed in the subtree's
	// root.
	if err := lines.Err(); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return pids, err
	}
	return pids, nil
}

// descend calls visit for the group and every group beneath it. It skips a group that
// disappears in the meantime. A container that was given its own subtree may nest groups
// deeply, so descend holds at most two descriptors and one path, whatever the depth.
func descend(top dir, visit func(dir) error) error {
	if err := visit(top); err != nil {
		return err
	}
	names, err := top.subgroups()
	if err != nil {
		return err
	}
	at := top
	defer func() {
		if at != top {
			at.close()
		}
	}()
	// Ahead holds the names still to visit, for each group on the path to the current one.
	for ahead := [][]string{names}; ; {
		last := len(ahead) - 1
		if len(ahead[last]) == 0 {
			if last == 0 {
				return nil
			}
			parent, err := at.above()
			if err != nil {
				return err
			}
			step(&at, top, parent)
			ahead = ahead[:last]
			continue
		}
		name := ahead[last][0]
		ahead[last] = ahead[last][1:]
		next, names, err := enter(at, name, visit)
		switch {
		case err == nil:
			step(&at, top, next)
			ahead = append(ahead, names)
		case !gone(err):
			return err
		}
	}
}

// enter visits a sub-group and returns it, with the names of its sub-groups.
func enter(at dir, name string, visit func(dir) error) (dir, []string, error) {
	next, err := at.child(name)
	if err != nil {
		return dir{}, nil, err
	}
	var names []string
	if err = visit(next); err == nil {
		names, err = next.subgroups()
	}
	if err != nil {
		next.close()
	}
	return next, names, err
}

// gone reports whether err means that the group was deleted in the meantime: its name no
// longer exists, or its open files return ENODEV.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
}
