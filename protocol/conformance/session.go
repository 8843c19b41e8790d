package conformance

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// A Subject is an implementation under test.
type Subject interface {
	// Begin starts a new instance for a case.
	Begin(c *Case) (Session, error)
}

// A Session is one handshake with a subject, seen from its peer.
type Session interface {
	// Send sends bytes with that many descriptors, which suit the kind. The error for a
	// closed peer is io.ErrClosedPipe.
	Send(data []byte, descriptors int, kind protocol.Kind) error
	// Receive waits for a message and returns how many descriptors came with it. They are
	// closed when the session ends. The error is io.EOF for a closed peer and
	// os.ErrDeadlineExceeded after wait.
	Receive(wait time.Duration) (data []byte, descriptors int, err error)
	// Close closes the kit's end.
	Close()
	// Connect connects to the socket that Detach carried. From then on, Send, Receive and
	// Close use that connection.
	Connect() error
	// Do does what a side can do apart from sending: a child dies, or executes the program.
	Do(what string) error
	// End waits for the subject to end and says how it ended.
	End(wait time.Duration) (Outcome, error)
	// Abandon cleans up, however the case ended.
	Abandon()
}

// Outcome is how a subject ended.
type Outcome string

// The outcomes.
const (
	Executes Outcome = "executes the program" // a child: the program replaced it
	Ends     Outcome = "ends"                 // a child: it ended without executing the program
	Succeeds Outcome = "succeeds"             // a parent: it reported success
	Fails    Outcome = "fails"                // a parent: it reported a failure
)
