package protocol

// How the child is known (SPEC.md, "The child process").
const (
	// ChildName is the child's argv[0], by which a binary that is both sides
	// knows which it is. What follows is the number of the socket's descriptor.
	ChildName = "fsrun: child"

	// ChildComm is the child's name to the kernel until it executes the program.
	// A process that ended under this name never executed it.
	ChildComm = "fsrun:child"
)
