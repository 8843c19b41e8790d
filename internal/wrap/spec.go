package wrap

import (
	"fmt"
	"os"
	"slices"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/seccomp"
)

// Spec returns the configuration. It reads the host's files but changes none.
func Spec(o *Options) (*specs.Spec, error) {
	if err := checkDirectory(o.Directory); err != nil {
		return nil, err
	}
	spec := bundle.Default(o.Rootless)
	spec.Hostname = o.Hostname
	spec.Root.Path = "/"
	mounts, err := files(o)
	if err != nil {
		return nil, err
	}
	spec.Mounts = append(mounts, kernelMounts(spec.Mounts, o)...)
	o.process(spec.Process)
	return spec, o.confine(spec.Linux)
}

func checkDirectory(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("--workdir: %w", err)
	}
	if !info.IsDir() {
		return fmt.Errorf("--workdir %q: allowed: a directory", path)
	}
	return nil
}

// kernelMounts returns the mounts of the default configuration, but with a sysfs for the
// container's own network. The default for a user without privileges shows the host's.
func kernelMounts(mounts []specs.Mount, o *Options) []specs.Mount {
	if o.HostNetwork {
		return mounts
	}
	for i := range mounts {
		if mounts[i].Destination == "/sys" {
			mounts[i] = specs.Mount{Destination: "/sys", Type: "sysfs", Source: "sysfs", Options: []string{"nosuid", "noexec", "nodev", "ro"}}
		}
	}
	return mounts
}

func (o *Options) process(process *specs.Process) {
	process.Terminal = o.Terminal
	process.Args = append([]string{o.Program}, o.Arguments...)
	process.Env = o.Environment
	process.Cwd = o.Directory
	process.Rlimits = nil // keep the caller's
	process.Capabilities = &specs.LinuxCapabilities{
		Bounding: o.Capabilities, Permitted: o.Capabilities, Effective: o.Capabilities,
	}
	if o.User != nil {
		process.User = specs.User{UID: o.User.UID, GID: o.User.GID, AdditionalGids: o.User.Groups}
	}
}

func (o *Options) confine(linux *specs.Linux) error {
	resources, err := o.Limits.resources()
	if err != nil {
		return err
	}
	if linux.Resources != nil {
		resources.Devices = linux.Resources.Devices
	}
	linux.Resources = resources
	linux.RootfsPropagation = "rprivate"
	network := slices.IndexFunc(linux.Namespaces, func(n specs.LinuxNamespace) bool { return n.Type == specs.NetworkNamespace })
	switch {
	case o.HostNetwork && network >= 0:
		linux.Namespaces = slices.Delete(linux.Namespaces, network, network+1)
	case !o.HostNetwork && network < 0:
		linux.Namespaces = append(linux.Namespaces, specs.LinuxNamespace{Type: specs.NetworkNamespace})
	}
	if !o.Unconfined {
		linux.Seccomp = seccomp.DefaultProfile()
	}
	return nil
}
