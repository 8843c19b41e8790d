package plan

import (
	"testing"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// TestListenerFitsBeforeItsStateIsKnown: the plan is divided into frames, into which no
// listener without a state fits, before the child exists, whose process ID is in the state.
func TestListenerFitsBeforeItsStateIsKnown(t *testing.T) {
	spec, known := small(), facts()
	spec.Linux.Seccomp = &specs.LinuxSeccomp{DefaultAction: specs.ActAllow, ListenerPath: "/run/agent.sock",
		Syscalls: []specs.LinuxSyscall{{Names: []string{"mkdir"}, Action: specs.ActNotify}}}
	known.State = nil
	plan, err := Init(spec, known)
	if err != nil {
		t.Fatal(err)
	}
	if plan.Agent == "" {
		t.Fatal("the plan has no agent")
	}
	fits(t, plan)
}
