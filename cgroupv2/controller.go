package cgroupv2

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/sys/unix"
)

// accounting lists the controllers that are enabled for every container if possible, even
// if no limit needs them: engines show their counters.
var accounting = [...]string{"cpu", "io", "memory", "pids"}

// Binding says where a controller is that is missing from the cgroup2 tree.
type Binding uint8

// The places where a controller can be.
const (
	Unknown     Binding = iota // not in the kernel, or not known
	BoundToV1                  // a mounted cgroup v1 hierarchy holds it
	HeldByV1                   // held by a cgroup v1 hierarchy that is not mounted here
	Disabled                   // disabled on the kernel's command line
	Undelegated                // in the tree, but an ancestor does not hand it down
)

// ControllerError says that a limit cannot be set because its controller is missing, where
// that controller is, and what would free it.
type ControllerError struct {
	Controller string  // its name in cgroup2, such as "pids"
	Setting    Setting // the first limit that needs it; zero if accounting does
	Tree       string  // where the cgroup2 tree is mounted
	Binding    Binding
	Where      string // the v1 mount point, or the group that lacks the controller
}

func (e *ControllerError) Error() string {
	subject := ""
	if e.Setting.Path != "" {
		subject = e.Setting.Path + ": "
	}
	return withRemedy(fmt.Sprintf("%sthe %s controller is not available in the cgroup2 tree at %s: %s",
		subject, e.Controller, e.Tree, e.reason()), e.Hint())
}

func (e *ControllerError) reason() string {
	switch e.Binding {
	case BoundToV1:
		return "it is bound to the cgroup v1 hierarchy mounted at " + e.Where
	case HeldByV1:
		return "it is held by a cgroup v1 hierarchy that is not mounted here"
	case Disabled:
		return "it is disabled (/proc/cgroups)"
	case Undelegated:
		return "the cgroup " + e.Where + " does not have it"
	default:
		return "this kernel does not offer it"
	}
}

// Hint returns only the remedy.
func (e *ControllerError) Hint() string {
	v1 := v1Name(e.Controller)
	switch e.Binding {
	case BoundToV1:
		return fmt.Sprintf("to free it, remove the groups beneath %s and umount it, or boot with cgroup_no_v1=%s", e.Where, v1)
	case HeldByV1:
		return fmt.Sprintf("to free it, unmount that hierarchy in every mount namespace, or boot with cgroup_no_v1=%s", v1)
	case Disabled:
		return fmt.Sprintf("to enable it, boot without cgroup_disable=%s", v1)
	case Undelegated:
		if strings.Contains(e.Where, "/user@") {
			return "to have it delegated to every user, write \"[Service]\" and \"Delegate=cpu cpuset io memory pids\" to " +
				"/etc/systemd/system/user@.service.d/delegate.conf, run systemctl daemon-reload, and log in again"
		}
		return fmt.Sprintf("to delegate it, write +%s to cgroup.subtree_control of every group above it, or set Delegate=yes on its systemd unit", e.Controller)
	default:
		return fmt.Sprintf("to have it, use a kernel that is built with the %s controller", e.Controller)
	}
}

// Place returns only the JSON path of the limit, "" if no limit needs the controller.
func (e *ControllerError) Place() string { return e.Setting.Path }

// v1Name returns the controller's name in cgroup v1, /proc/cgroups and on the kernel's
// command line. Only io was renamed.
func v1Name(controller string) string {
	if controller == "io" {
		return "blkio"
	}
	return controller
}

// Check reports whether the tree has every controller that the limits need. It changes
// nothing. The error is a [*ControllerError].
func (t *Tree) Check(l Limits) error {
	if len(l.items) == 0 {
		return nil
	}
	available, err := t.root.fields("cgroup.controllers")
	if err != nil {
		return err
	}
	lacking := without(l.Controllers(), available)
	if len(lacking) == 0 {
		return nil
	}
	e := &ControllerError{Controller: lacking[0], Setting: l.needing(lacking[0]), Tree: t.root.path}
	e.Binding, e.Where = locate(lacking[0])
	return e
}

// locate reads mountinfo and /proc/cgroups. If they cannot be read, the place is unknown
// and the limit is refused all the same.
func locate(controller string) (Binding, string) {
	v1 := v1Name(controller)
	mounts, _ := cgroupMounts()
	for _, m := range mounts {
		if m.kind == "cgroup" && slices.Contains(strings.Split(m.options, ","), v1) {
			return BoundToV1, m.point
		}
	}
	table, _ := readHost("/proc/cgroups")
	for line := range strings.Lines(table) {
		fields := strings.Fields(line) // name, hierarchy, number of groups, enabled
		switch {
		case len(fields) != 4 || fields[0] != v1:
		case fields[3] == "0":
			return Disabled, ""
		case fields[1] != "0":
			return HeldByV1, ""
		}
	}
	return Unknown, ""
}

// enable hands the controllers for the limits and for accounting down from the group d to
// its children. They stay enabled if a later step fails: another container may have come to
// rely on them.
func (t *Tree) enable(d dir, l Limits) error {
	enabled, err := d.fields("cgroup.subtree_control")
	if err != nil {
		return err
	}
	need := without(l.Controllers(), enabled)
	wanted := without(without(accounting[:], enabled), need)
	if len(need)+len(wanted) == 0 {
		return nil
	}
	offered, err := d.fields("cgroup.controllers")
	if err != nil {
		return err
	}
	if lacking := without(need, offered); len(lacking) > 0 {
		return &ControllerError{Controller: lacking[0], Setting: l.needing(lacking[0]), Tree: t.root.path,
			Binding: Undelegated, Where: d.path}
	}
	wanted = without(wanted, without(wanted, offered))
	if len(need)+len(wanted) == 0 {
		return nil
	}
	if own, err := internalProcs(d); err != nil || len(own) > 0 {
		if err != nil || len(need) == 0 {
			return err
		}
		return refuseInternal(d, need[0], len(own))
	}
	for _, controller := range wanted {
		// Failing to enable accounting is not an error: a delegated subtree may hold a
		// controller but not be allowed to hand it down.
		_ = d.write("cgroup.subtree_control", "+"+controller)
	}
	for _, controller := range need {
		if err := d.write("cgroup.subtree_control", "+"+controller); err != nil {
			return explainEnable(d, controller, err)
		}
	}
	return nil
}

// without returns the names of the list that are not among the others.
func without(list, others []string) []string {
	var rest []string
	for _, name := range list {
		if !slices.Contains(others, name) {
			rest = append(rest, name)
		}
	}
	return rest
}

// internalProcs returns the processes that keep a group from handing controllers down
// (cgroup-v2.rst, "No Internal Process Constraint"). They must be found before the kernel
// is asked: it refuses most controllers, but for cpu and pids it turns the group into the
// root of a threaded subtree instead, in which no container can run. The root of the
// hierarchy, the only group without cgroup.type, is exempt.
func internalProcs(d dir) ([]int, error) {
	if !d.has("cgroup.type") {
		return nil, nil
	}
	return ownProcs(d, maxProcs)
}

func refuseInternal(d dir, controller string, processes int) error {
	noun := "processes"
	if processes == 1 {
		noun = "process"
	}
	return &StateError{Group: d.path,
		Reason: fmt.Sprintf("cannot hand down the %s controller, because it has %d %s of its own (cgroup-v2.rst, \"No Internal Process Constraint\")",
			controller, processes, noun),
		Remedy: "move them to a group beside the container's, or choose another cgroupsPath", Err: unix.EBUSY}
}
