package parent

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/preflight"
)

// Preview is what would be done for a container.
type Preview struct {
	Directory string
	Spec      *specs.Spec
	Plan      *plan.Plan
	// Cgroup is the container's, as a path on this machine, "" for none.
	Cgroup string
	// Unit is the scope that systemd is asked for, "" if it is not.
	Unit string
	// Limits are the settings in the order in which they are written.
	Limits []cgroupv2.Setting
	// Devices are the rules with those of the default devices, in order, and
	// DeviceInstructions the length of their program; nil for none.
	Devices            []specs.LinuxDeviceCgroup
	DeviceInstructions int
	// Warnings are what Create would have logged.
	Warnings []string
	// Blocked are the system calls of the start itself that the seccomp filter does
	// not let through.
	Blocked []string
	// Checks tell whether it can be done here.
	Checks []preflight.Check
}

// NewPreview works out what Create would do, and does nothing; not even warn, but for
// the preview's own list. The error is about the bundle itself; what the machine lacks
// is in the checks.
func NewPreview(o Options) (*Preview, error) {
	var warnings []string
	o.Warn = func(text string) { warnings = append(warnings, text) }
	p, err := readBundle(&o)
	if err != nil {
		return nil, err
	}
	defer p.close()
	refused := p.findCgroup(&o)
	if p.plan, err = plan.Init(p.bundle.Spec, p.facts(&o)); err != nil {
		return nil, err
	}
	preview := &Preview{Directory: p.bundle.Directory, Spec: p.bundle.Spec, Plan: p.plan, Limits: p.limits.Settings()}
	if p.scope != nil {
		preview.Unit = p.scope.unit.Name
	} else if p.tree != nil {
		cgroup, err := p.cgroupPath(o.ID)
		if err != nil {
			return nil, err
		}
		preview.Cgroup = p.tree.Mount() + cgroup
	}
	if p.devices != nil {
		preview.Devices = devfilter.WithDefaults(p.bundle.Spec.Linux.Resources.Devices)
		preview.DeviceInstructions = len(p.devices)
	}
	wanted := &preflight.Wanted{
		Bundle: p.bundle, Ops: p.plan.Ops, Filter: p.plan.Filter, Devices: p.devices != nil, Unprivileged: p.unprivileged,
	}
	preview.Warnings = warnings
	preview.Blocked = preflight.Blocked(wanted)
	preview.Checks = append([]preflight.Check{preflight.Cgroup(p.limits, refused)}, preflight.Bundle(wanted)...)
	return preview, nil
}
