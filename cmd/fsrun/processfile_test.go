package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// What a process file does not specify is taken from the container; what it specifies is
// used.
func TestProcessFileIsConfined(t *testing.T) {
	own := &specs.Process{
		Cwd: "/own", Capabilities: &specs.LinuxCapabilities{Bounding: []string{"CAP_KILL"}},
		ApparmorProfile: "profile", SelinuxLabel: "label",
	}
	for name, c := range map[string]struct{ process, want *specs.Process }{
		"silent": {
			&specs.Process{Cwd: "/"},
			&specs.Process{Cwd: "/", Capabilities: own.Capabilities, ApparmorProfile: "profile", SelinuxLabel: "label"},
		},
		"explicit": {
			&specs.Process{Capabilities: &specs.LinuxCapabilities{}, ApparmorProfile: "other", SelinuxLabel: "another"},
			&specs.Process{Capabilities: &specs.LinuxCapabilities{}, ApparmorProfile: "other", SelinuxLabel: "another"},
		},
	} {
		confine(c.process, own)
		if diff := cmp.Diff(c.want, c.process); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
