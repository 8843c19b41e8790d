package bundle

import (
	"strconv"
	"strings"

	specs "github.com/opencontainers/runtime-spec/specs-go"
)

// zeroPidsSince is the first minor version of the specification in which a limit of 0 is a
// limit (config-linux.md, "PIDs").
const zeroPidsSince = 3

// WithoutZeroPids removes linux.resources.pids.limit if it is 0 and the configuration is of
// an older version of the specification. Those did not define what 0 means: runtimes
// treated it as no limit, and engines write it in that sense.
func WithoutZeroPids(version string, resources *specs.LinuxResources) *specs.LinuxResources {
	if resources == nil || resources.Pids == nil || resources.Pids.Limit == nil || *resources.Pids.Limit != 0 || minor(version) >= zeroPidsSince {
		return resources
	}
	others := *resources
	others.Pids = nil
	return &others
}

// minor returns the second number of a valid version.
func minor(version string) int {
	_, rest, _ := strings.Cut(version, ".")
	digits, _, _ := strings.Cut(rest, ".")
	number, _ := strconv.Atoi(digits)
	return number
}
