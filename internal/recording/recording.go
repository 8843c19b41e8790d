package recording

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// Version is the format's. A reader refuses any other.
const Version = 1

// The limits of a recording. Of more, the first are kept and the rest counted.
const (
	MaxSteps      = 1024 // of each machine
	MaxOperations = protocol.MaxTimings
	MaxText       = 256     // bytes of one text
	MaxRecordings = 8       // of one file
	MaxBytes      = 8 << 20 // of a file, the trace events included
)

// Recording is one walk of the parent's machine by one process, and what the
// child told of its own.
type Recording struct {
	// Verb is what the process was asked for: create, run, start or exec.
	Verb string
	// Container is its id.
	Container string
	// Began is when the work for it began, by the wall clock.
	Began time.Time
	// At is the same instant by the monotonic clock, in nanoseconds, as are all
	// other times.
	At uint64
	// Ended is when the parent's walk ended.
	Ended uint64
	// Parent holds the parent's rows and the frames that it sent and received, in
	// order. Child holds the child's rows as Ready told them.
	Parent, Child []Step
	// Operations are those of the plan of which the child told how long they took.
	Operations []Operation
	// LeftOut counts the steps and operations beyond the limits.
	LeftOut int
	// Fault is why the handshake failed, nil if it did not.
	Fault *Fault
	// Traceparent is the trace that the engine wants it to be part of, "" for none.
	Traceparent string
}

// Step is a row taken or a frame sent or received.
type Step struct {
	At uint64
	// Row is the id of the row taken, "" if a frame is meant.
	Row string
	// Kind is the frame's, Sent says that it was sent and not received, and Bytes
	// is its size.
	Kind  protocol.Kind
	Sent  bool
	Bytes int
}

// IsRow says that the step is a row taken and no frame.
func (s *Step) IsRow() bool { return s.Row != "" }

// Operation is one of the plan's, as the child carried it out.
type Operation struct {
	// Name is for people, such as "mount[3] tmpfs on /dev/shm".
	Name string
	// From is the JSON path in config.json that it comes from.
	From string
	// Took is in nanoseconds.
	Took uint64
}

// Fault is a protocol.Fault without its free texts, which may quote arguments or
// what a hook wrote.
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
