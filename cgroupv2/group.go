package cgroupv2

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

// maxProcs bounds the list of a group's processes: PID_MAX_LIMIT, the most that a
// 64-bit kernel can have.
const maxProcs = 4 << 20

// Group is a cgroup, held open by its directory. Its methods may be called from
// several goroutines, except Close and Delete, which end its use.
type Group struct {
	tree    *Tree
	names   []string
	dir     dir
	created []string
}

// Open opens an existing group, in whatever state it is. created is what
// [Group.Created] said when the group was made, from the caller's record; without
// it, Delete removes nothing.
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

// Dir returns the group's directory as the host sees it, for messages and records.
func (g *Group) Dir() string { return g.dir.path }

// Created returns the paths of the directories that [Tree.Create] made for this
// group, outermost first. Whoever wants another process to delete the group has to
// record them.
func (g *Group) Created() []string { return append([]string(nil), g.created...) }

// FD returns the descriptor of the group's directory, for CLONE_INTO_CGROUP and for
// attaching device programs. It belongs to the Group and is closed with it.
func (g *Group) FD() int { return g.dir.fd }

// Close gives the descriptor back and leaves the group as it is. Closing twice is no
// error; every other use afterwards is, with EBADF.
func (g *Group) Close() { g.dir.release() }

// Add moves the process pid, with all its threads, into the group. What the process
// was charged for stays with the group that it leaves (cgroup-v2.rst, "Memory
// Ownership"). A frozen group is refused, because the process would stop at once.
func (g *Group) Add(pid int) error {
	if pid <= 0 {
		return fmt.Errorf("cgroup %s: pid %d cannot be added: a pid is positive", g.Path(), pid)
	}
	if err := g.RefuseFrozen(); err != nil {
		return err
	}
	return g.AddFrozen(pid)
}

// RefuseFrozen returns a [StateError] if the group is frozen, by itself or by one above
// it: a process that is born in it would stop before it is executed.
func (g *Group) RefuseFrozen() error {
	events, err := g.Events()
	if err == nil && events.Frozen {
		err = &StateError{Group: g.dir.path, Reason: "is frozen", Remedy: "resume it first"}
	}
	return err
}

// AddFrozen is Add, also to a frozen group: the process stops until it is thawed.
func (g *Group) AddFrozen(pid int) error {
	return g.dir.write("cgroup.procs", strconv.Itoa(pid))
}

// Procs returns the processes of the group and of every group beneath it. The order
// is the kernel's, and a process that moves meanwhile may be missed or seen twice.
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

// ownProcs reads one group's cgroup.procs as a stream, at most limit processes.
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
		// Processes of another pid namespace are shown as 0.
		if pid > 0 {
			pids = append(pids, pid)
		}
	}
	// A group of a threaded subtree has no processes of its own to tell of: they are
	// listed in the group that is the subtree's root.
	if err := lines.Err(); err != nil && !errors.Is(err, unix.EOPNOTSUPP) {
		return pids, err
	}
	return pids, nil
}

// descend calls visit with the group and every group beneath it. A group that
// disappears meanwhile is passed over. A container that was given its own subtree may
// make one that is deep, so two descriptors are held at most, whatever the depth, and
// one path.
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
	// What is still to be visited, of each group on the way down to where we are.
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

// enter visits a sub-group and returns it with the names of its own.
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

// gone reports whether err means that the group was deleted meanwhile: its name is
// not there any more, or its open files answer ENODEV.
func gone(err error) bool {
	return errors.Is(err, unix.ENOENT) || errors.Is(err, unix.ENODEV)
}
