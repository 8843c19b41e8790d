package protocol

import (
	"fmt"
	"math"
	"strconv"
)

// resourceNames are the names of getrlimit(2) by the kernel's numbers
// (asm-generic/resource.h, which all supported architectures use).
var resourceNames = [...]string{
	"RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_DATA", "RLIMIT_STACK", "RLIMIT_CORE", "RLIMIT_RSS", "RLIMIT_NPROC", "RLIMIT_NOFILE",
	"RLIMIT_MEMLOCK", "RLIMIT_AS", "RLIMIT_LOCKS", "RLIMIT_SIGPENDING", "RLIMIT_MSGQUEUE", "RLIMIT_NICE", "RLIMIT_RTPRIO", "RLIMIT_RTTIME",
}

// resourceName is a number for what a later kernel has.
func resourceName(resource uint32) string {
	if int(resource) < len(resourceNames) {
		return resourceNames[resource]
	}
	return fmt.Sprintf("resource %d", resource)
}

// limitText writes RLIM_INFINITY as a word.
func limitText(limit uint64) string {
	if limit == math.MaxUint64 {
		return "unlimited"
	}
	return strconv.FormatUint(limit, 10)
}
