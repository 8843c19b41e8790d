package parent

import (
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/devfilter"
	"github.com/fsrun/fsrun/internal/sys/nofile"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	"github.com/fsrun/fsrun/parent/resctrl"
	"github.com/fsrun/fsrun/parent/spawn"
)

// prepared is everything that can be computed, and refused, before anything is touched.
type prepared struct {
	bundle        *bundle.Bundle
	plan          *plan.Plan
	requests      *requests
	limits        cgroupv2.Limits
	devices       devfilter.Instructions // nil: no device rules
	tree          *cgroupv2.Tree         // nil: there is no cgroup2 tree, or the container gets no cgroup
	cgroupMount   string                 // where the tree is mounted; "" if nowhere, or if it is not needed
	cgroup        string                 // the path beneath the tree
	scope         *scope                 // nil: systemd is not asked
	resctrl       *resctrl.Tree          // nil: not asked for
	ahead         *spawn.Ahead           // nil: all of the child's namespaces are made by its clone
	notified      bool                   // the last mount is for NOTIFY_SOCKET
	userNamespace uint64                 // the inode of our own; 0 if unknown
	unprivileged  bool                   // not root
	confined      bool                   // not root on the host
}

// prepare reads the bundle and lowers it.
func prepare(o *Options) (*prepared, error) {
	p, err := readBundle(o)
	if err != nil {
		return nil, err
	}
	if !p.confined && wantsNetwork(p.bundle.Spec.Linux.Namespaces) {
		p.ahead = spawn.Begin()
	}
	if err := p.lower(o); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// readBundle reads the bundle and determines the resources that it asks for.
func readBundle(o *Options) (*prepared, error) {
	loaded, err := bundle.Load(o.Bundle)
	if err != nil {
		return nil, err
	}
	for _, warning := range loaded.Warnings() {
		o.warn(warning)
	}
	mounts := len(loaded.Spec.Mounts)
	if err := o.Activation.apply(loaded.Spec, o.warn); err != nil {
		return nil, err
	}
	own := ownUserNamespace()
	p := &prepared{
		bundle: loaded, notified: len(loaded.Spec.Mounts) > mounts,
		userNamespace: own, unprivileged: os.Geteuid() != 0, confined: isConfined(own),
	}
	return p, p.resources(loaded.Spec.Linux.Resources, o.warn)
}

// lower determines the container's place in the cgroup tree and makes its plan.
func (p *prepared) lower(o *Options) error {
	if err := checkTerminal(p.bundle.Spec.Process, o.ConsoleSocket, o.OnConsole); err != nil {
		return err
	}
	if err := p.findCgroup(o); err != nil {
		return err
	}
	if err := p.findShares(); err != nil {
		return err
	}
	var err error
	if p.plan, err = plan.Init(p.bundle.Spec, p.facts(o)); err != nil {
		return err
	}
	p.requests, err = newRequests(p.plan.Ops, p.plan.Owners)
	return err
}

// wantsNetwork reports whether a container gets a new network namespace that belongs to our
// own user namespace.
func wantsNetwork(namespaces []specs.LinuxNamespace) bool {
	wants := false
	for _, namespace := range namespaces {
		if namespace.Path != "" || namespace.Type == specs.UserNamespace {
			return false
		}
		wants = wants || namespace.Type == specs.NetworkNamespace
	}
	return wants
}

func (p *prepared) close() {
	p.ahead.Close()
	p.resctrl.Close()
	if p.tree != nil {
		p.tree.Close()
	}
}

func (p *prepared) facts(o *Options) *plan.Facts {
	facts := &plan.Facts{
		Bundle: p.bundle.Directory, ID: o.ID, Unprivileged: p.unprivileged, Confined: p.confined,
		NoGroups: p.confined && (groupsDenied(os.Getpid()) || p.unprivileged && isOwn(gidMap(p.bundle.Spec.Linux))),
		NoPivot:  o.NoPivot, NoNewKeyring: o.NoNewKeyring, PreservedFDs: o.passed(), NotifyMount: p.notified,
	}
	facts.OpenFiles, facts.MaxOpenFiles = openFiles()
	facts.Stack = stack()
	facts.Capabilities = o.grantable(p.bundle.Spec, p.bundle.Spec.Process)
	facts.AppArmor, facts.SELinux = securityModules(p.bundle.Spec.Process, p.bundle.Spec.Linux.MountLabel)
	facts.CgroupMount = p.cgroupMount
	facts.JoinsOwnCgroups = joinsOwnCgroups(p.bundle.Spec)
	return facts
}

// openFiles returns the caller's limit on open files.
func openFiles() (soft, hard uint64) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nofile.Soft, nofile.Soft
	}
	return min(nofile.Soft, limit.Max), limit.Max
}

// stack returns the soft limit on the stack, which the program inherits.
func stack() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_STACK, &limit); err != nil {
		return unix.RLIM_INFINITY // the kernel will refuse what does not fit
	}
	return limit.Cur
}

func (p *prepared) resources(resources *specs.LinuxResources, warn func(string)) (err error) {
	if resources == nil {
		return nil
	}
	if p.limits, err = cgroupv2.Compute(resources); err != nil {
		return err
	}
	if err := checkCarried(p.limits); err != nil {
		return err
	}
	switch {
	case len(resources.Devices) == 0:
	case p.confined:
		warn(noDeviceRules)
	default:
		p.devices, err = devfilter.Compile(devfilter.WithDefaults(resources.Devices))
	}
	return err
}
