package bundle

import (
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// zeroPidsSince is the minor version of the specification from which on a limit of 0 is one
// (config-linux.md, "PIDs").
const zeroPidsSince = 3

// WithoutZeroPids takes linux.resources.pids.limit out where it is 0 and the configuration is
// of an older version of the specification. What 0 means was left open then: runtimes took it
// for no limit, and engines write it for that.
func WithoutZeroPids(version string, resources *specs.LinuxResources) *specs.LinuxResources {
	if resources == nil || resources.Pids == nil || resources.Pids.Limit == nil || *resources.Pids.Limit != 0 || minor(version) >= zeroPidsSince {
		return resources
	}
	others := *resources
	others.Pids = nil
	return &others
}

// minor is the second number of a version that is valid.
func minor(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	number, _ := strconv.Atoi(digits)
	return number
}
