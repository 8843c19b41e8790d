package parent

import (
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/cgroupv2"
	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/plan"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// Where to put the cgroups of containers whose bundles do not say. Without a path it is at
// the top of the tree, because every directory on the way has to be made and removed again,
// at the cost of a twentieth of a run. A relative path is in defaultSlice, which belongs to
// fsrun: the last container to leave removes it, whoever made it.
const (
	defaultSlice  = "/fsrun"
	defaultPrefix = "/fsrun-"
)

func leaveSlice(tree *cgroupv2.Tree, cgroup string) error {
	if !strings.HasPrefix(cgroup, defaultSlice+"/") {
		return nil
	}
	return tree.Prune(defaultSlice)
}

// findCgroup finds the tree and determines the container's place in it. Without a tree, a
// container that asks for no resources has no cgroup of its own.
func (p *prepared) findCgroup(o *Options) error {
	if o.CgroupManager == NoCgroup {
		// This comes first because a preview needs it even for what is refused.
		if err := p.findShownTree(); err != nil {
			return err
		}
		return p.refuseResources(o)
	}
	tree, err := cgroupv2.Find()
	if err != nil {
		if p.asksForCgroup() || o.CgroupManager == Systemd || !errors.Is(err, cgroupv2.ErrNotMounted) {
			return err
		}
		return nil
	}
	p.tree, p.cgroupMount = tree, tree.Mount()
	if err := tree.Check(p.limits); err != nil {
		return err
	}
	if o.CgroupManager == Systemd {
		return p.planScope(o.ID)
	}
	if asked := p.bundle.Spec.Linux.CgroupsPath; systemd.IsPath(asked) {
		o.warn(fmt.Sprintf("linux.cgroupsPath: %q is of the form that systemd's scopes have, and is taken for a directory: --systemd-cgroup was not given", asked))
	}
	p.cgroup, err = p.cgroupPath(o.ID)
	return err
}

// refuseResources refuses what needs a cgroup where there will be none. The rule that
// denies every device does not count as a request: engines and templates add it to every
// bundle, even podman run --cgroups=disabled.
func (p *prepared) refuseResources(o *Options) error {
	const allowed = "no such resource, or another cgroup manager than disabled"
	switch settings := p.limits.Settings(); {
	case len(settings) > 0:
		return &bundle.Error{Path: settings[0].Path, Found: "is set, and the container is to have no cgroup", Allowed: allowed}
	case p.devices != nil && deniesAll(p.bundle.Spec.Linux.Resources.Devices):
		o.warn("linux.resources.devices: no device is denied, because the container is to have no cgroup")
		p.devices = nil
	case p.devices != nil:
		return &bundle.Error{Path: "linux.resources.devices", Found: "is set, and the container is to have no cgroup", Allowed: allowed}
	}
	return nil
}

// findShownTree finds the tree for a container that only mounts it.
func (p *prepared) findShownTree() error {
	shown := slices.ContainsFunc(p.bundle.Spec.Mounts, func(m specs.Mount) bool { return plan.IsCgroup(m.Type) })
	if !shown {
		return nil
	}
	tree, err := cgroupv2.Find()
	switch {
	case errors.Is(err, cgroupv2.ErrNotMounted):
		return nil // perhaps the child can mount it
	case err != nil:
		return err
	}
	p.cgroupMount = tree.Mount()
	tree.Close()
	return nil
}

// joinsOwnCgroups reports whether the path of the container's cgroup namespace leads to the
// runtime's own.
func joinsOwnCgroups(spec *specs.Spec) bool {
	namespace := bundle.FindNamespace(spec, specs.CgroupNamespace)
	return namespace != nil && !bundle.Isolated(spec, specs.CgroupNamespace)
}

// deniesAll reports whether the only rule is the one that denies every device.
func deniesAll(rules []specs.LinuxDeviceCgroup) bool {
	return len(rules) == 1 && !rules[0].Allow && (rules[0].Type == "" || rules[0].Type == "a") &&
		rules[0].Major == nil && rules[0].Minor == nil && rules[0].Access == "rwm"
}

// asksForCgroup reports whether the bundle needs a cgroup.
func (p *prepared) asksForCgroup() bool {
	return len(p.limits.Settings()) > 0 || p.devices != nil || p.bundle.Spec.Linux.CgroupsPath != ""
}

// cgroupPath resolves linux.cgroupsPath (config-linux.md, "Cgroups Path"). An absolute path
// starts at the tree's mount, a relative one at a place of our choice: for the host's root,
// at the top; for others, beside our own cgroup, which has processes and therefore cannot
// hand down controllers.
func (p *prepared) cgroupPath(id string) (string, error) {
	asked := p.bundle.Spec.Linux.CgroupsPath
	if strings.HasPrefix(asked, "/") {
		return asked, nil
	}
	switch {
	case !p.confined && asked == "":
		return defaultPrefix + id, nil
	case !p.confined:
		return path.Join(defaultSlice, asked), nil
	case asked == "":
		asked = id
	}
	own, err := p.tree.Own()
	if err != nil {
		return "", err
	}
	return path.Join(path.Dir(own), asked), nil
}
