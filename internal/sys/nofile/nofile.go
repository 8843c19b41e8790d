// Package nofile remembers the RLIMIT_NOFILE that this process was given.
//
// Package syscall raises the soft limit to the hard one when it is initialized
// and puts it back only for processes that it starts itself. A container process
// is started without it, and must get what the caller had.
//
// Packages are initialized in the order of their import paths as far as their
// imports allow (go.dev/ref/spec#Package_initialization): this one imports
// nothing and so comes before syscall, which is why it makes the call itself.
package nofile

// Soft is the soft limit of RLIMIT_NOFILE before package syscall raised it.
var Soft = soft()

// soft calls getrlimit(2).
func soft() uint64
