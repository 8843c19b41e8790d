package main

import (
	"fmt"
	"strconv"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/parent"
)

// devices adds the rules in their order, in which the last one that matches decides.
func (p *planJSON) devices(preview *parent.Preview) {
	if preview.Devices == nil {
		return
	}
	p.Devices = &devicesJSON{Instructions: preview.DeviceInstructions}
	for _, rule := range preview.Devices {
		p.Devices.Rules = append(p.Devices.Rules, deviceRule(rule))
	}
}

// deviceRule formats a rule as "allow c 1:3 rwm".
func deviceRule(rule specs.LinuxDeviceCgroup) string {
	action, kind := "deny", rule.Type
	if rule.Allow {
		action = "allow"
	}
	if kind == "" {
		kind = "a"
	}
	return fmt.Sprintf("%s %s %s:%s %s", action, kind, deviceNumber(rule.Major), deviceNumber(rule.Minor), rule.Access)
}

func deviceNumber(number *int64) string {
	if number == nil || *number == -1 {
		return "*"
	}
	return strconv.FormatInt(*number, 10)
}

func (p *planJSON) seccomp(preview *parent.Preview) {
	filter := preview.Plan.Filter
	if filter == nil {
		return
	}
	profile := preview.Spec.Linux.Seccomp
	told := &filterJSON{
		DefaultAction: filter.Summary.DefaultAction, Instructions: len(filter.Instructions), Unknown: filter.Skipped,
		Syscalls: map[string]int{}, Architectures: map[string]int{}, Blocked: preview.Blocked,
	}
	for _, rule := range profile.Syscalls {
		told.Syscalls[string(rule.Action)] += len(rule.Names)
	}
	for _, architecture := range filter.Summary.Architectures {
		told.Architectures[architecture.Name] = architecture.Syscalls
	}
	p.Seccomp = told
}
