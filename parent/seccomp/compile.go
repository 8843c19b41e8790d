package seccomp

import (
	"errors"
	"fmt"
	"runtime"

	"github.com/opencontainers/runtime-spec/specs-go"
)

// Compile compiles linux.seccomp into a filter for this machine. The package comment says
// what a profile means. An error names the JSON path, the value found there and what is
// allowed.
//
// https://github.com/opencontainers/runtime-spec/blob/v1.3.0/config-linux.md#seccomp
func Compile(profile *specs.LinuxSeccomp) (*Filter, error) {
	m, err := machineFor(runtime.GOARCH)
	if err != nil {
		return nil, err
	}
	return compileFor(m, profile)
}

func compileFor(m *machine, profile *specs.LinuxSeccomp) (*Filter, error) {
	if profile == nil {
		return nil, errors.New("linux.seccomp: not set")
	}
	selected, err := m.selectABIs(profile.Architectures)
	if err != nil {
		return nil, err
	}
	rules, err := parseRules(profile)
	if err != nil {
		return nil, err
	}
	if selected.covers(&x86) {
		rules.addMultiplexed()
	}
	layout := newLayout(selected, rules)
	notifies := layout.notifies()
	if err := checkListener(profile, notifies); err != nil {
		return nil, err
	}
	handover := ""
	if notifies {
		if handover, err = rules.handover(); err != nil {
			return nil, err
		}
	}
	flags, err := parseFlags(profile.Flags, notifies)
	if err != nil {
		return nil, err
	}
	instructions, err := layout.assemble()
	if err != nil {
		return nil, err
	}
	return &Filter{
		Instructions: instructions,
		Flags:        flags,
		Handover:     handover,
		Skipped:      rules.skipped,
		Summary:      Summary{string(profile.DefaultAction), layout.architectures},
	}, nil
}

// checkListener checks listenerPath and listenerMetadata as the specification requires.
func checkListener(profile *specs.LinuxSeccomp, notifies bool) error {
	if profile.ListenerPath == "" && notifies {
		return fmt.Errorf("linux.seccomp.listenerPath: not set, want the path of a socket because a rule has the action %s", specs.ActNotify)
	}
	if profile.ListenerPath == "" && profile.ListenerMetadata != "" {
		return fmt.Errorf("linux.seccomp.listenerMetadata: %q without listenerPath, want both or none", profile.ListenerMetadata)
	}
	return nil
}
