package recording

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// Version is the version of the format. Readers refuse any other.
const Version = 1

// The limits of a recording. Beyond them, the first are kept and the rest counted.
const (
	MaxSteps      = 1024 // per machine
	MaxOperations = protocol.MaxTimings
	MaxText       = 256     // bytes per text
	MaxRecordings = 8       // per file
	MaxBytes      = 8 << 20 // per file, including trace events
)

// Recording is one walk of the parent's machine by one process, and what the child reported
// of its own.
type Recording struct {
	// Verb is what the process was to do: create, run, start or exec.
	Verb string
	// Container is the container's ID.
	Container string
	// Began is when the work began, in wall-clock time.
	Began time.Time
	// At is the same instant on the monotonic clock, in nanoseconds, like all other times.
	At uint64
	// Ended is when the parent's walk ended.
	Ended uint64
	// Parent holds the parent's rows and the frames that it sent and received, in order.
	// Child holds the child's rows as reported by Ready.
	Parent, Child []Step
	// Operations are those of the plan whose durations the child reported.
	Operations []Operation
	// LeftOut is how many steps and operations were beyond the limits.
	LeftOut int
	// Fault is why the handshake failed, nil if it did not.
	Fault *Fault
	// Traceparent is the trace that the engine wants it to be part of, "" for none.
	Traceparent string
}

// Step is a row taken or a frame sent or received.
type Step struct {
	At uint64
	// Row is the ID of the row taken, "" for a frame.
	Row string
	// Kind is the frame's kind, Sent says that it was sent rather than received, and Bytes
	// is its size.
	Kind  protocol.Kind
	Sent  bool
	Bytes int
}

// IsRow reports whether the step is a row rather than a frame.
func (s *Step) IsRow() bool { return s.Row != "" }

// Operation is an operation of the plan that the child carried out.
type Operation struct {
	// Name is for people, such as "mount[3] tmpfs on /dev/shm".
	Name string
	// From is the JSON path in config.json that the operation comes from.
	From string
	// Took is its duration in nanoseconds.
	Took uint64
}

// Fault is a protocol.Fault without its free texts, which may quote arguments or a hook's
// output.
type Fault struct {
	Code    string
	Machine string
	State   string
	Awaited string
	Op      string
	Path    string
	Call    string
	Errno   int
	Object  string
}
