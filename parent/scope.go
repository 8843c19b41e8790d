package parent

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/parent/state"
)

// scope is a container's cgroup if systemd makes it. The manager makes a scope around an
// existing process, but the child is to be born in the cgroup. So the scope starts with a
// placeholder, which stays until the child exists.
type scope struct {
	unit        systemd.Unit
	user        bool
	properties  []systemd.Property
	manager     *systemd.Manager
	placeholder *sys.Idle
	ours        bool // the unit is ours; not if another one has its name
}

// planScope determines what to ask of systemd.
func (p *prepared) planScope(id string) error {
	s := &scope{user: !state.Privileged()}
	var err error
	if s.unit, err = systemd.ParsePath(p.bundle.Spec.Linux.CgroupsPath, id, s.user); err != nil {
		return err
	}
	s.properties, err = systemd.AnnotatedProperties(p.bundle.Spec.Annotations)
	p.scope = s
	return err
}

// makeScope has systemd make the scope, and opens its cgroup.
func (h *handshake) makeScope(ctx context.Context) error {
	s := h.scope
	step := intentUnit
	if s.user {
		step = intentUserUnit
	}
	if err := h.handle.Intend(state.Intent{Step: step, Object: s.unit.Name}); err != nil {
		return err
	}
	path, err := s.start(ctx, h.tree, h.options.ID)
	if err != nil {
		return err
	}
	if h.cgroup, err = h.tree.Beneath(path); err != nil {
		return err
	}
	if err := h.handle.Intend(state.Intent{Step: intentCgroup, Object: h.cgroup}); err != nil {
		return err
	}
	if h.group, err = h.tree.Open(h.cgroup); err != nil {
		return err
	}
	events, err := h.group.Events()
	if err == nil && events.Frozen {
		err = &cgroupv2.StateError{Group: h.group.Dir(), Reason: "is frozen by a group above", Remedy: "resume the slice " + s.unit.Slice}
	}
	return err
}

func (s *scope) start(ctx context.Context, tree *cgroupv2.Tree, id string) (path string, err error) {
	if s.manager, err = systemd.Connect(ctx, s.user); err != nil {
		return "", err
	}
	if s.user {
		if err := s.enterManager(ctx, tree); err != nil {
			return "", err
		}
	}
	if s.placeholder, err = sys.NewIdle(); err != nil {
		return "", err
	}
	path, err = s.manager.Start(ctx, s.unit, "fsrun container "+id, s.placeholder.PID(), s.properties)
	var job *systemd.JobError
	s.ours = err == nil || errors.As(err, &job)
	return path, err
}

// enterManager moves this process into a scope of the user's manager, which ends with the
// process. From outside, such as in a login session, it could not move any process there:
// that takes write access to the group above both (cgroup-v2.rst, "Delegation
// Containment"), which the manager has but the user does not.
func (s *scope) enterManager(ctx context.Context, tree *cgroupv2.Tree) error {
	root, err := s.manager.Root(ctx)
	if err != nil {
		return err
	}
	if root, err = tree.Beneath(root); err != nil {
		return err
	}
	own, err := tree.Own()
	if err != nil || strings.HasPrefix(own+"/", root+"/") {
		return err
	}
	unit := systemd.Unit{Name: fmt.Sprintf("fsrun.%d.scope", os.Getpid()), Slice: s.unit.Slice}
	_, err = s.manager.Start(ctx, unit, "fsrun", os.Getpid(), nil)
	return err
}

// settle tells the manager the limits that are about to be committed. By now the child is
// in the scope, so the placeholder, which would count as a process, can go.
func (s *scope) settle(ctx context.Context, group *cgroupv2.Group, limits cgroupv2.Limits) error {
	if err := s.placeholder.End(); err != nil {
		return err
	}
	settings, err := group.Resolve(limits)
	if err != nil {
		return err
	}
	return s.manager.Tell(ctx, s.unit.Name, settings)
}

// stop stops the scope, whatever state it is in.
func (s *scope) stop(ctx context.Context) error {
	if s == nil || s.manager == nil {
		return nil
	}
	if err := s.placeholder.End(); err != nil || !s.ours {
		return err
	}
	return s.manager.Stop(ctx, s.unit.Name)
}

// close releases what only the handshake needs.
func (s *scope) close() {
	if s == nil {
		return
	}
	_ = s.placeholder.End()
	if s.manager != nil {
		s.manager.Close()
	}
}

// groupGone reports whether systemd has removed a cgroup, or does so within a moment.
func groupGone(path string) bool {
	tree, err := cgroupv2.Find()
	if err != nil {
		return false
	}
	defer tree.Close()
	for end := time.Now().Add(goneTimeout); ; time.Sleep(gonePause) {
		missing, err := tree.Missing(path)
		if err == nil && len(missing) > 0 {
			return true
		}
		if err != nil || time.Now().After(end) {
			return false
		}
	}
}

// How long and how often to look at an empty scope.
const (
	goneTimeout = 2 * time.Second
	gonePause   = 10 * time.Millisecond
)

// stopUnit stops the unit of a container that another process made. Its cgroup is empty by
// now, which makes systemd stop a scope by itself. So if there is no connection to the bus,
// it is enough that the cgroup disappears.
func stopUnit(ctx context.Context, unit string, user bool, cgroup string) error {
	manager, err := systemd.Connect(ctx, user)
	if err == nil {
		defer manager.Close()
		err = manager.Stop(ctx, unit)
	}
	if err != nil && groupGone(cgroup) {
		return nil
	}
	return err
}
