package protocol

import (
	"fmt"
	"math"
	"strconv"
)

// resourceNames holds the names of getrlimit(2), indexed by the kernel's numbers
// (asm-generic/resource.h, which all supported architectures use).
var resourceNames = [...]string{
	"RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
	"RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
}

// resourceName returns the resource's name, or its number if only a later kernel knows it.
func resourceName(resource uint32) string {
	if int(resource) < len(resourceNames) {
		return resourceNames[resource]
	}
	return fmt.Sprintf("resource %d", resource)
}

// limitText formats a limit, with a word for RLIM_INFINITY.
func limitText(limit uint64) string {
	if limit == math.MaxUint64 {
		return "unlimited"
	}
	return strconv.FormatUint(limit, 10)
}
