package main

import (
	"slices"
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"

	"github.com/fsrun/fsrun/internal/harness"
	"github.com/fsrun/fsrun/parent"
)

// startCalls are what a program that only exits needs, and what the plan says that the
// start itself makes under a filter that is loaded first.
var startCalls = []string{
	"umask", "setgroups", "prctl", "setresgid", "setresuid", "capset", "execve",
}

// The plan says which calls of the start a profile blocks, and is right: with any of these
// calls blocked, it says so and the start fails; with only these allowed, it says nothing
// and the start works.
func TestPlanKnowsWhatTheStartNeeds(t *testing.T) {
	harness.Need(t, harness.Container...)
	for _, blocked := range append([]string{""}, startCalls...) {
		t.Run("without "+blocked, func(t *testing.T) {
			names := append([]string{"exit_group"}, startCalls...)
			names = slices.DeleteFunc(names, func(name string) bool { return name == blocked })
			bundle := harness.Bundle(t, harness.Args("/bin/exit"), func(spec *specs.Spec) {
				spec.Process.NoNewPrivileges = false
				spec.Linux.Seccomp = &specs.LinuxSeccomp{
					DefaultAction: specs.ActKillProcess,
					Syscalls:      []specs.LinuxSyscall{{Names: names, Action: specs.ActAllow}},
				}
			})
			harness.ExitProgram(t, bundle+"/rootfs/bin/exit")
			c := newContainerOf(t, bundle)
			preview, err := parent.NewPreview(c.Options)
			must(t, err)
			if blocked == "" {
				equal(t, "blocked calls", 0, len(preview.Blocked))
				c.succeed()
				return
			}
			if !slices.Equal(preview.Blocked, []string{blocked}) {
				t.Errorf("blocked are %v", preview.Blocked)
			}
			_ = c.refuse()
		})
	}
}
