// Package nofile records the RLIMIT_NOFILE that this process was started with.
//
// Package syscall raises the soft limit to the hard one when it is initialized, and
// restores it only for processes that it starts itself. A container's process is started in
// another way, and must get the caller's limit.
//
// Packages are initialized in the order of their import paths as far as their imports allow
// (go.dev/ref/spec#Package_initialization). This one imports nothing and so comes before
// syscall, which is why it makes the system calls itself.
package nofile

// Limit is a process's RLIMIT_NOFILE.
type Limit struct {
	Soft, Hard uint64
	// Lowered: the process has a lower soft limit until this package is initialized.
	Lowered bool
}

// Caller is the limit that package boot found before the Go runtime began; zero without it.
var Caller Limit

// Soft is the soft limit of RLIMIT_NOFILE before package syscall raised it.
var Soft = soft()

func soft() uint64 {
	if Caller.Lowered {
		prlimit(&Caller, nil)
		return Caller.Soft
	}
	var limit Limit
	prlimit(nil, &limit)
	return limit.Soft
}

// prlimit calls prlimit(2) for this process, which sets a limit, if there is one to set, and
// stores what it was, if there is room for it.
//
//go:noescape
func prlimit(to, was *Limit)
