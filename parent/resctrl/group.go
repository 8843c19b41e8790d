package resctrl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// permissions are those of a group's directory.
const permissions = 0o755

// Group is a container's place in the file system.
type Group struct {
	tree *Tree
	// control is the path of the class of service beneath the tree. monitor is the path of
	// a group in it that monitors only the container, "" for none.
	control, monitor string
	made             []string // by Make, in this order
}

// Group returns a container's group, which exists if the container does.
func (t *Tree) Group(asked *specs.LinuxIntelRdt, id string) *Group {
	g := &Group{tree: t, control: id}
	switch asked.ClosID {
	case "":
	case "/":
		g.control = "."
	default:
		g.control = asked.ClosID
	}
	if asked.EnableMonitoring {
		g.monitor = path.Join(g.control, "mon_groups", id)
	}
	return g
}

// Make makes what is missing of a container's group and sets its shares. It first tells
// intend about everything that must be removed along with the container. A class of service
// that the configuration names is not removed (config-linux.md).
func (t *Tree) Make(asked *specs.LinuxIntelRdt, id string, intend func(name string) error) (*Group, error) {
	g := t.Group(asked, id)
	err := g.makeControl(asked, intend)
	if err == nil && g.monitor != "" {
		err = g.directory(g.monitor, Path+".enableMonitoring", intend)
	}
	if err != nil {
		return nil, errors.Join(err, g.Undo())
	}
	return g, nil
}

func (g *Group) makeControl(asked *specs.LinuxIntelRdt, intend func(string) error) error {
	wanted := schemata(asked)
	if asked.ClosID == "" {
		if err := g.directory(g.control, Path, intend); err != nil {
			return err
		}
		return g.write(wanted)
	}
	_, err := g.tree.files.Stat(g.control)
	switch {
	case errors.Is(err, fs.ErrNotExist) && len(wanted) > 0:
		if err := g.directory(g.control, Path+".closID", func(string) error { return nil }); err != nil {
			return err
		}
		return g.write(wanted)
	case errors.Is(err, fs.ErrNotExist):
		return &bundle.Error{Path: Path + ".closID", Found: strconv.Quote(asked.ClosID) + " is not a group of " + g.tree.mount,
			Allowed: "one that is there, or a schema with which to make it"}
	case err != nil:
		return err
	}
	return g.compare(wanted)
}

// directory makes a group's directory, which must not exist.
func (g *Group) directory(name, from string, intend func(string) error) error {
	if err := intend(name); err != nil {
		return err
	}
	if err := g.tree.files.Mkdir(name, permissions); err != nil {
		return fmt.Errorf("%s: group %s of %s: %w", from, name, g.tree.mount, reason(err))
	}
	g.made = append(g.made, name)
	return nil
}

// reason explains errors that mkdir returns in this file system.
func reason(err error) error {
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("%w: it is not this container's", err)
	}
	return err
}

func (g *Group) write(lines []schema) error {
	for _, line := range lines {
		if err := g.tree.write(path.Join(g.control, "schemata"), line.text); err != nil {
			return fmt.Errorf("%s: %q: %w", line.from, line.text, err)
		}
	}
	return nil
}

// compare refuses an existing class of service whose shares differ from those wanted.
func (g *Group) compare(wanted []schema) error {
	if len(wanted) == 0 {
		return nil
	}
	name := path.Join(g.control, "schemata")
	content, err := g.tree.read(name)
	if err != nil {
		return err
	}
	stands := parse(content)
	for _, line := range wanted {
		if found := differs(stands, line.text); found != "" {
			return &bundle.Error{Path: line.from, Found: fmt.Sprintf("%q is not what %s says: %s", line.text, path.Join(g.tree.mount, name), found),
				Allowed: "what the group " + strconv.Quote(g.control) + " has, or another " + Path + ".closID"}
		}
	}
	return nil
}

// Add puts a process's first thread, and all threads that it creates from then on, into the
// group.
func (g *Group) Add(pid int) error {
	groups := []string{g.control}
	if g.monitor != "" { // it accepts only tasks in its class of service
		groups = append(groups, g.monitor)
	}
	for _, group := range groups {
		if err := g.tree.write(path.Join(group, "tasks"), strconv.Itoa(pid)); err != nil {
			return fmt.Errorf("%s: process %d: %w", Path, pid, err)
		}
	}
	return nil
}

// Undo removes what Make has made. It does nothing for a nil group.
func (g *Group) Undo() error {
	if g == nil {
		return nil
	}
	var failures []error
	for i := len(g.made) - 1; i >= 0; i-- {
		failures = append(failures, g.tree.Remove(g.made[i]))
	}
	g.made = nil
	return errors.Join(failures...)
}

// Remove removes a group that Make has told intend about. If it is gone, that is no error.
func (t *Tree) Remove(name string) error {
	if err := t.files.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s: group %s of %s: %w", Path, name, t.mount, err)
	}
	return nil
}
