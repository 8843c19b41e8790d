package cgroupv2

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// Bounds of deletion.
const (
	deleteTimeout  = 2 * time.Second        // how long a group may stay busy, unless the context ends first
	deletePause    = 500 * time.Microsecond // the pause after the first attempt; it doubles each time
	deletePauseMax = 20 * time.Millisecond
	maxDescendants = 100_000 // how many sub-groups a container may have left behind
)

// Delete removes the group with all its sub-groups, then every empty directory above it
// that [Tree.Create] made for it. It leaves alone a group that existed before. Delete may
// be repeated: a group that is already gone is no error. It kills nothing: if the group
// still has processes after a bounded wait, the error is a [*StateError] that names them.
//
// The Group is closed in any case.
func (g *Group) Delete(ctx context.Context) error {
	g.Close()
	return g.tree.Delete(ctx, g.Path(), g.created)
}

// Delete is [Group.Delete] for a group that may already be gone. Created is what
// [Group.Created] or [Tree.Missing] returned, from the caller's record.
func (t *Tree) Delete(ctx context.Context, path string, created []string) error {
	names, err := split(path)
	if err != nil {
		return err
	}
	if err := validateCreated(names, created); err != nil {
		return err
	}
	if !slices.Contains(created, join(names)) {
		return nil
	}
	if err := t.removeTree(ctx, names); err != nil {
		return err
	}
	t.removeCreated(slices.DeleteFunc(slices.Clone(created), func(made string) bool { return made == join(names) }))
	return nil
}

// validateCreated refuses a record that does not belong to the group. It comes from a file
// and must not cause anything else to be deleted.
func validateCreated(names, created []string) error {
	for _, path := range created {
		made, err := split(path)
		if err != nil {
			return err
		}
		if len(made) > len(names) || !slices.Equal(made, names[:len(made)]) {
			return &PathError{Path: path, Reason: fmt.Sprintf("is recorded as made for the group %s, but is not on the way to it", join(names))}
		}
	}
	return nil
}

// removeCreated removes the directories, innermost first, as long as they are empty. One
// that is not belongs to somebody else by now.
func (t *Tree) removeCreated(created []string) {
	for _, path := range slices.Backward(created) {
		names, err := split(path)
		if err != nil {
			return
		}
		if err := t.removeOne(names); err != nil && !gone(err) {
			return
		}
	}
}

// Prune removes a group without processes and sub-groups. Any other group, and one that
// does not exist, is left as it is.
func (t *Tree) Prune(path string) error {
	names, err := split(path)
	if err != nil {
		return err
	}
	err = t.removeOne(names)
	if err == nil || gone(err) || errors.Is(err, unix.EBUSY) || errors.Is(err, unix.ENOTEMPTY) {
		return nil
	}
	return err
}

func (t *Tree) removeOne(names []string) error {
	last := len(names) - 1
	parent, err := t.walk(names[:last])
	if err != nil {
		return err
	}
	if last > 0 {
		defer parent.close()
	}
	return parent.rmdir(names[last])
}

// removeTree removes a group and everything beneath it.
func (t *Tree) removeTree(ctx context.Context, names []string) error {
	// Most groups have nothing beneath them and no processes left.
	if err := t.removeOne(names); err == nil || gone(err) {
		return nil
	}
	d, err := t.walk(names)
	switch {
	case gone(err):
		return nil
	case err != nil:
		return err
	}
	defer d.close()
	err = removeDescendants(ctx, d)
	if err == nil {
		err = persist(ctx, func() error { return t.removeOne(names) })
	}
	if errors.Is(err, unix.EBUSY) {
		return &StateError{Group: d.path, Reason: "cannot be deleted: it has " + describeProcs(d),
			Remedy: "kill them first", Err: unix.EBUSY}
	}
	return err
}

// removeDescendants removes all groups beneath top, deepest first. A container with its own
// subtree may leave one that is deep and wide, so this keeps only names in memory and never
// holds more than two descriptors.
func removeDescendants(ctx context.Context, top dir) error {
	var path []string
	at := top
	defer func() {
		if at != top {
			at.close()
		}
	}()
	for removed := 0; ; {
		if ctx.Err() != nil {
			return &StateError{Group: top.path, Reason: fmt.Sprintf("has groups beneath it still, after %d were removed", removed),
				Remedy: "delete again to go on", Err: ctx.Err()}
		}
		name, err := at.subgroup()
		if err != nil {
			return err
		}
		if name != "" {
			next, err := at.child(name)
			if err != nil && !gone(err) {
				return err
			}
			if err == nil {
				step(&at, top, next)
				path = append(path, name)
			}
			continue
		}
		if len(path) == 0 {
			return nil
		}
		parent, err := at.above()
		if err != nil {
			return err
		}
		step(&at, top, parent)
		name, path = path[len(path)-1], path[:len(path)-1]
		if err := persist(ctx, func() error { return at.rmdir(name) }); err != nil {
			return err
		}
		if removed++; removed > maxDescendants {
			return &StateError{Group: top.path, Reason: fmt.Sprintf("has more than %d groups beneath it", maxDescendants),
				Remedy: "delete again to go on"}
		}
	}
}

// step replaces the current directory with the next one. It does not close top.
func step(at *dir, top, next dir) {
	if *at != top {
		at.close()
	}
	*at = next
}

// persist repeats a removal while the kernel answers EBUSY, as it does for a moment after
// the last process of a group was killed. It takes ENOENT for success.
func persist(ctx context.Context, remove func() error) error {
	ctx = shorten(ctx, deleteTimeout)
	for pause := deletePause; ; pause = min(2*pause, deletePauseMax) {
		err := remove()
		switch {
		case err == nil || gone(err):
			return nil
		case !errors.Is(err, unix.EBUSY):
			return err
		}
		if ctx.Err() != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(pause):
		}
	}
}
