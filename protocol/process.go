package protocol

// How the child is known (SPEC.md, "The child process").
const (
	// ChildName is the child's argv[0]. It tells a binary that contains both sides that it
	// is the child. The argument after it is the number of the socket's descriptor.
	ChildName = "fsrun: child"

	// ChildComm is the child's process name until it executes the program. A process that
	// ended with this name never executed it.
	ChildComm = "fsrun:child"

	// EntryArgument follows the descriptor number for a process that is not the child but
	// starts it, in namespaces whose processes could look into it. It is private to fsrun's
	// parent and child: other children refuse the extra argument.
	EntryArgument = "entry"
)

// EntryDescriptor is a descriptor that an entry receives in addition to the child's socket,
// numbered by its place after it.
type EntryDescriptor int

// The descriptors of an entry.
const (
	EntryReport EntryDescriptor = 1 + iota // the writing end of a pipe, for the child's process ID or an error
	EntryMount                             // the mount namespace to join
	EntryPID                               // the PID namespace to join
)

// After returns the descriptor's number, given the socket's.
func (d EntryDescriptor) After(socket int) int { return socket + int(d) }
