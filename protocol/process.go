package protocol

// How the child is known (SPEC.md, "The child process").
const (
	// ChildName is the child's argv[0], by which a binary that is both sides
	// knows which it is. What follows is the number of the socket's descriptor.
	ChildName = "fsrun: child"

	// ChildComm is the child's name to the kernel until it executes the program.
	// A process that ended under this name never executed it.
	ChildComm = "fsrun:child"

	// EntryArgument follows the number for a process that is not the child but starts it,
	// in namespaces whose processes may look into it. It is between fsrun's parent and
	// fsrun's child: another child refuses an argument more.
	EntryArgument = "entry"
)

// EntryDescriptor is one that an entry gets beside the child's, by its place after the
// socket.
type EntryDescriptor int

// What an entry gets.
const (
	EntryReport EntryDescriptor = 1 + iota // the end of a pipe, for the child's process id or an error
	EntryMount                             // the mount namespace to join
	EntryPID                               // the PID namespace to join
)

// After is the descriptor's number.
func (d EntryDescriptor) After(socket int) int { return socket + int(d) }
