package bundle

// rlimits maps the names in getrlimit(2) to the kernel's numbers (asm-generic/resource.h,
// which all supported architectures use).
var rlimits = [...]struct {
	name   string
	number int
}{
	{"RLIMIT_AS", 9},
	{"RLIMIT_CORE", 4},
	{"RLIMIT_CPU", 0},
	{"RLIMIT_DATA", 2},
	{"RLIMIT_FSIZE", 1},
	{"RLIMIT_LOCKS", 10},
	{"RLIMIT_MEMLOCK", 8},
	{"RLIMIT_MSGQUEUE", 12},
	{"RLIMIT_NICE", 13},
	{"RLIMIT_NOFILE", 7},
	{"RLIMIT_NPROC", 6},
	{"RLIMIT_RSS", 5},
	{"RLIMIT_RTPRIO", 14},
	{"RLIMIT_RTTIME", 15},
	{"RLIMIT_SIGPENDING", 11},
	{"RLIMIT_STACK", 3},
}

// Rlimit returns the kernel's number for a resource such as RLIMIT_NOFILE.
func Rlimit(name string) (number int, known bool) {
	for _, r := range rlimits {
		if r.name == name {
			return r.number, true
		}
	}
	return 0, false
}
