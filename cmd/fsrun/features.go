package main

import (
	"os"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/opencontainers/runtime-spec/specs-go/features"

	"github.com/fsrun/fsrun/cgroupv2/systemd"
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent/bundle"
	"github.com/fsrun/fsrun/parent/criu"
	"github.com/fsrun/fsrun/parent/seccomp"
)

func featuresCommand() *cli.Command {
	return &cli.Command{
		Name:  "features",
		Short: "print what fsrun can do, as JSON (OCI runtime specification, features.md)",
		Run:   func([]string) (int, error) { return 0, writeJSON(os.Stdout, supported()) },
	}
}

// lowestVersion is the oldest version of the specification whose configurations are
// accepted.
const lowestVersion = "1.0.0"

// supported returns what this binary supports, whether the host allows it or not.
func supported() *features.Features {
	yes, no := true, false
	return &features.Features{
		OCIVersionMin: lowestVersion,
		OCIVersionMax: specs.Version,
		Hooks:         []string{"prestart", "createRuntime", "createContainer", "startContainer", "poststart", "poststop"},
		MountOptions:  bundle.MountOptionNames(),
		Linux: &features.Linux{
			Namespaces:   namespaceNames(),
			Capabilities: bundle.CapabilityNames[:],
			Cgroup:       &features.Cgroup{V1: &no, V2: &yes, Systemd: &yes, SystemdUser: &yes, Rdma: &yes},
			Seccomp: &features.Seccomp{
				Enabled: &yes, Actions: seccomp.Actions(), Operators: seccomp.Operators(),
				Archs: seccomp.Architectures(), KnownFlags: seccomp.Flags(), SupportedFlags: seccomp.Flags(),
			},
			Apparmor:        &features.Apparmor{Enabled: &yes},
			Selinux:         &features.Selinux{Enabled: &yes},
			IntelRdt:        &features.IntelRdt{Enabled: &yes, Schemata: &yes, Monitoring: &yes},
			MemoryPolicy:    &features.MemoryPolicy{Modes: bundle.MemoryPolicyModes(), Flags: bundle.MemoryPolicyFlags()},
			MountExtensions: &features.MountExtensions{IDMap: &features.IDMap{Enabled: &yes}},
			NetDevices:      &features.NetDevices{Enabled: &yes},
		},
		Annotations: map[string]string{
			"io.github.fsrun.version": thisBuild().version, "io.github.fsrun.commit": thisBuild().commit,
			"io.github.fsrun.checkpoint": strconv.FormatBool(criu.Check() == nil),
		},
		PotentiallyUnsafeConfigAnnotations: []string{systemd.AnnotationPrefix},
	}
}

func namespaceNames() []string {
	var names []string
	for _, namespace := range bundle.Namespaces {
		names = append(names, string(namespace.Type))
	}
	return names
}
