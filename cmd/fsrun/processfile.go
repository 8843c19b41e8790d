package main

import (
	"os"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent/bundle"
)

// readProcess takes the process of --process: from a file, or from standard input.
// The warnings are of properties that are not known.
func readProcess(name string) (*specs.Process, []string, error) {
	if name == "-" {
		return bundle.ReadProcess(os.Stdin, "standard input")
	}
	return bundle.LoadProcess(name)
}

// confine has a process that says nothing of its capabilities, or of the profile or
// the label that it runs under, take those of the container's own: without a word it
// would else have no capability, and be confined by neither security module.
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
