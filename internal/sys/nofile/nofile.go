// Package nofile records the RLIMIT_NOFILE that this process was started with.
//
// Package syscall raises the soft limit to the hard one when it is initialized, and
// restores it only for processes that it starts itself. A container's process is started in
// another way, and must get the caller's limit.
//
// Packages are initialized in the order of their import paths as far as their imports allow
// (go.dev/ref/spec#Package_initialization). This one imports nothing and so comes before
// syscall, which is why it makes the system call itself.
package nofile

// Soft is the soft limit of RLIMIT_NOFILE before package syscall raised it.
var Soft = soft()

// soft calls getrlimit(2).
func soft() uint64
