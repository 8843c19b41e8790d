package conformance

import (
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// A Subject is an implementation under test.
type Subject interface {
	// Begin sets a fresh one going for a case.
	Begin(c *Case) (Session, error)
}

// A Session is one handshake with a subject, seen from its peer.
type Session interface {
	// Send sends bytes with as many descriptors, which are fit for the kind. A
	// closed peer is io.ErrClosedPipe.
	Send(data []byte, descriptors int, kind protocol.Kind) error
	// Receive waits for a message and returns how many descriptors came with it,
	// which are closed when the session ends. A closed peer is io.EOF, a passed wait
	// os.ErrDeadlineExceeded.
	Receive(wait time.Duration) (data []byte, descriptors int, err error)
	// Close closes the kit's end.
	Close()
	// Connect connects to the socket that Detach carried. From then on Send,
	// Receive and Close are about that connection.
	Connect() error
	// Do does what a side can do other than send: a child dies, or executes.
	Do(what string) error
	// End waits for the subject's end and says what became of it.
	End(wait time.Duration) (Outcome, error)
	// Abandon ends what is left, however the case ended.
	Abandon()
}

// Outcome is what became of a subject.
type Outcome string

// The outcomes.
const (
	Executes Outcome = "executes the program" // a child: the program has replaced it
	Ends     Outcome = "ends"                 // a child: it has ended without that
	Succeeds Outcome = "succeeds"             // a parent: it has reported success
	Fails    Outcome = "fails"                // a parent: it has reported a failure
)
