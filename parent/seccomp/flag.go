package seccomp

import (
	"fmt"

	"github.com/opencontainers/runtime-spec/specs-go"
	"golang.org/x/sys/unix"
)

// filterFlag is one SECCOMP_FILTER_FLAG_* of the OCI runtime specification.
type filterFlag struct {
	name specs.LinuxSeccompFlag
	bit  uint
}

var filterFlags = [...]filterFlag{
	// Accepted without effect: it would also filter the other threads of the process that
	// loads the filter, which end at execve, before anything in the container runs.
	{"SECCOMP_FILTER_FLAG_TSYNC", 0},
	{specs.LinuxSeccompFlagLog, unix.SECCOMP_FILTER_FLAG_LOG},
	{specs.LinuxSeccompFlagSpecAllow, unix.SECCOMP_FILTER_FLAG_SPEC_ALLOW},
	{specs.LinuxSeccompFlagWaitKillableRecv, unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV},
}

// Flags returns the SECCOMP_FILTER_FLAG_* names that Compile accepts.
func Flags() []string {
	names := make([]string, len(filterFlags))
	for i := range filterFlags {
		names[i] = string(filterFlags[i].name)
	}
	return names
}

// parseFlags returns the flags for seccomp(2). The filter may or may not notify a listener.
func parseFlags(listed []specs.LinuxSeccompFlag, notifies bool) (uint, error) {
	var bits uint
next:
	for i, name := range listed {
		for j := range filterFlags {
			if filterFlags[j].name == name {
				bits |= filterFlags[j].bit
				continue next
			}
		}
		return 0, fmt.Errorf("linux.seccomp.flags[%d]: unknown flag %q, want one of %s", i, name, list(Flags()))
	}
	if notifies {
		return bits | unix.SECCOMP_FILTER_FLAG_NEW_LISTENER, nil
	}
	// How a notified call waits does not matter without a listener, and the kernel then
	// refuses the flag.
	return bits &^ unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, nil
}
