package parent

import (
	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/preflight"
)

// Preview says what would be done for a container.
type Preview struct {
	Directory string
	Spec      *specs.Spec
	Plan      *plan.Plan
	// Cgroup is the path of the container's cgroup on this machine, "" for none.
	Cgroup string
	// Unit is the scope that systemd would be asked for, "" for none.
	Unit string
	// Limits are the settings in the order in which they would be written.
	Limits []cgroupv2.Setting
	// Devices are the device rules in order, including those of the default devices.
	// DeviceInstructions is the length of their program. They are nil and 0 if there are no
	// rules.
	Devices            []specs.LinuxDeviceCgroup
	DeviceInstructions int
	// Warnings are what Create would log.
	Warnings []string
	// Blocked lists the system calls of the start itself that the seccomp filter blocks.
	Blocked []string
	// Checks say whether it can be done on this machine.
	Checks []preflight.Check
}

// NewPreview determines what Create would do, without doing anything or calling Warn:
// warnings are in the preview. An error is about the bundle itself; the checks say what the
// machine lacks.
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
