package main

import (
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// readProcess reads the process of --process from a file or from standard input. The
// warnings are about unknown properties.
func readProcess(name string) (*specs.Process, []string, error) {
	if name == "-" {
		return bundle.ReadProcess(os.Stdin, "standard input")
	}
	return bundle.LoadProcess(name)
}

// confine gives a process that does not specify its capabilities, AppArmor profile or
// SELinux label those of the container's own. Otherwise it would have no capabilities, and
// neither security module would confine it.
func confine(process, own *specs.Process) {
	if process.Capabilities == nil {
		process.Capabilities = own.Capabilities
	}
	if process.ApparmorProfile == "" {
		process.ApparmorProfile = own.ApparmorProfile
	}
	if process.SelinuxLabel == "" {
		process.SelinuxLabel = own.SelinuxLabel
	}
}
