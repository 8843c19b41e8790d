package machine

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// A Channel carries frames between the machines. Package protocol/transport has two: a
// socket and an in-memory pair.
type Channel interface {
	// Send sends one frame with its descriptors, which the caller keeps. The error for a
	// closed peer is io.ErrClosedPipe.
	Send(data []byte, descriptors []int) error
	// Receive waits for one frame, forever if wait is 0. The caller owns the frame's
	// descriptors. The error is io.EOF if the peer closed its end or died,
	// os.ErrDeadlineExceeded after wait, and a *protocol.Malformed for a truncated frame.
	// The data is valid until the next call.
	Receive(wait time.Duration) (data []byte, descriptors []int, err error)
	// Discard closes the descriptors of a frame that is not accepted.
	Discard(descriptors []int)
}

// Message is a frame with the descriptors that travel with it.
type Message struct {
	Frame       protocol.Frame
	Descriptors []int
	// Given, in a message to be sent, makes the runner close the descriptors once the frame
	// has been sent or cannot be.
	Given bool
	// Encoded, in a message to be sent, holds the frame's bytes if they exist already.
	Encoded []byte
	// Size, in a received message, is the frame's size in bytes.
	Size int
}

// Runner holds what one side binds to its table.
type Runner struct {
	Machine *Machine
	Channel Channel

	// Effects performs each effect of the table, given the last message received. An error
	// becomes the event Failed.
	Effects map[Effect]func(Message) (Event, error)

	// Compose makes the frames that a row sends; kinds without fields need no entry. The
	// last frame is of that kind; only a Plan may consist of several.
	Compose map[protocol.Kind]func() ([]Message, error)

	// Deadlines replaces the table's defaults.
	Deadlines map[State]time.Duration

	// Until ends the drive when it enters this state, before the row's frames are sent. The
	// child enters its handoff this way.
	Until State

	// Observe, if not nil, is called for every row taken and every frame sent or received.
	Observe func(Step)
}

// Step is what Observe is called with: either a row or a frame.
type Step struct {
	Row   *Row           // nil for a frame
	Frame protocol.Frame // nil for a row
	Sent  bool           // sent, rather than received
	Size  int            // of the frame, in bytes
}

// Drive walks the machine from its current state, starting with the event first, until it
// reaches a terminal state or Until. The error is a *protocol.Fault that says where and why
// the handshake failed: the peer's if it sent one, otherwise our own.
func (r *Runner) Drive(first Event) (State, error) {
	if err := r.unbound(); err != nil {
		return r.Machine.State(), err
	}
	drive := drive{Runner: r}
	event := first
	for {
		row, err := r.Machine.Step(event)
		if err != nil {
			return r.Machine.State(), drive.fault(err, protocol.CodeUnexpected)
		}
		r.observe(Step{Row: row})
		if row.To == r.Until {
			return row.To, nil
		}
		event = drive.send(row)
		if event == "" && r.Machine.Table().IsTerminal(row.To) {
			return row.To, drive.outcome()
		}
		switch {
		case event != "":
		case row.Effect != "":
			event = drive.perform(row.Effect)
		default:
			event = drive.receive(row.To)
		}
	}
}

// unbound reports an effect that the drive can reach but that is not bound. For a drive
// with Until, that is up to its caller.
func (r *Runner) unbound() error {
	if r.Until != "" {
		return nil
	}
	for _, effect := range r.Machine.Table().ahead(r.Machine.State()) {
		if r.Effects[effect] == nil {
			return fmt.Errorf("%s machine: effect %s is not bound", r.Machine.Table().Name, effect)
		}
	}
	return nil
}

func (r *Runner) observe(step Step) {
	if r.Observe != nil {
		r.Observe(step)
	}
}

// drive is the state of one walk: the last message and the first failure.
type drive struct {
	*Runner
	last   Message
	failed *protocol.Fault
}

func (d *drive) outcome() error {
	if d.failed == nil {
		return nil
	}
	return d.failed
}

// send sends what the row says. If the peer is gone, that is not a failure as long as the
// machine goes on to receive: what the peer sent before is still to be read.
func (d *drive) send(row *Row) Event {
	for _, kind := range row.Send {
		messages, err := d.compose(kind)
		for i := 0; err == nil && i < len(messages); i++ {
			err = d.sendOne(messages[i])
		}
		gone := errors.Is(err, io.ErrClosedPipe)
		switch {
		case err == nil, gone && !d.Machine.Table().IsTerminal(row.To):
			continue
		case gone:
			d.lastWords()
			d.fault(fmt.Errorf("the peer closed the channel or died before %s could be sent", kind), protocol.CodeGone)
		default:
			d.fault(fmt.Errorf("send %s: %w", kind, err), protocol.CodeChannel)
		}
		if kind != protocol.KindFault {
			return Failed
		}
	}
	return ""
}

// lastWords reads what a peer that is gone sent last, where the machine no longer receives.
// A Fault among it is the real cause, rather than that the peer is gone (SPEC.md, M-TRAN-7,
// M-SM-3). No row receives it, so it is not observed.
func (d *drive) lastWords() {
	data, descriptors, err := d.Channel.Receive(lastWordsTimeout)
	if err != nil {
		return
	}
	d.Channel.Discard(descriptors)
	frame, err := protocol.Decode(data, len(descriptors), protocol.SetOf(protocol.KindFault))
	if fault, is := frame.(*protocol.Fault); err == nil && is && d.failed == nil {
		d.failed = fault
	}
}

// lastWordsTimeout bounds that wait: what a closed peer has sent is there already, or never
// will be.
const lastWordsTimeout = 100 * time.Millisecond

func (d *drive) compose(kind protocol.Kind) ([]Message, error) {
	if kind == protocol.KindFault {
		d.fault(errors.New("given up"), protocol.CodeAborted) // unless there was an earlier failure
		sent := *d.failed
		if sent.Code == protocol.CodeGone { // only ever reported
			sent.Code = protocol.CodeAborted
		}
		return []Message{{Frame: sent.Bounded()}}, nil
	}
	if compose := d.Compose[kind]; compose != nil {
		return compose()
	}
	return []Message{{Frame: protocol.Empty(kind)}}, nil
}

func (d *drive) sendOne(message Message) error {
	data, err := message.Encoded, error(nil)
	if data == nil {
		data, err = protocol.Encode(message.Frame)
	}
	if err != nil {
		return err
	}
	err = d.Channel.Send(data, message.Descriptors)
	if message.Given {
		d.Channel.Discard(message.Descriptors)
	}
	if err != nil {
		return err
	}
	d.observe(Step{Frame: message.Frame, Sent: true, Size: len(data)})
	return nil
}

// perform performs an effect and returns one of the events that the table declares for it.
// Any other event is a bug in the runner and fails the handshake, with its teardown, like
// any other failure.
func (d *drive) perform(effect Effect) Event {
	event, err := Event(""), error(nil)
	if perform := d.Effects[effect]; perform != nil {
		event, err = perform(d.last)
	} else {
		err = fmt.Errorf("effect %s is not bound", effect)
	}
	if declared := d.Machine.Table().outcomes(effect).Events; err == nil && !slices.Contains(declared, event) {
		err = fmt.Errorf("effect %s brought about %q, not one of %q", effect, event, declared)
	}
	if err != nil {
		d.fault(err, protocol.CodeOperation)
		return Failed
	}
	return event
}

func (d *drive) receive(state State) Event {
	// A machine that receives again has got over its earlier failure, such as a caller that
	// connected and died.
	d.failed = nil
	wait := d.Machine.Table().Waiting(state)
	deadline, replaced := d.Deadlines[state]
	if !replaced {
		deadline = wait.Deadline
	}
	data, descriptors, err := d.Channel.Receive(deadline)
	d.last = Message{Descriptors: descriptors, Size: len(data)}
	if err == nil {
		d.last.Frame, err = protocol.Decode(data, len(descriptors), d.Machine.Table().Accepts(state))
	}
	return d.received(state, wait, deadline, err)
}

// received turns the results of Receive and Decode into an event.
func (d *drive) received(state State, wait *Wait, deadline time.Duration, err error) Event {
	var malformed *protocol.Malformed
	switch {
	case err == nil:
		d.observe(Step{Frame: d.last.Frame, Size: d.last.Size})
		if fault, is := d.last.Frame.(*protocol.Fault); is && d.failed == nil {
			d.failed = fault
		}
		return Received(d.last.Frame.Kind())
	case errors.Is(err, io.EOF):
		d.waited(state, wait, protocol.CodeGone, "the peer closed the channel or died")
		return EOF
	case errors.Is(err, os.ErrDeadlineExceeded):
		d.waited(state, wait, protocol.CodeTimeout, fmt.Sprintf("waited %s for %s", deadline, wait.For))
		return Timeout
	case errors.As(err, &malformed):
		d.Channel.Discard(d.last.Descriptors)
		d.waited(state, wait, malformed.Code(), malformed.Error())
		return Malformed
	}
	d.fault(fmt.Errorf("receive: %w", err), protocol.CodeChannel)
	return Failed
}

// waited records a failed wait, unless the table makes it a success: EOF after Start means
// that the program was executed.
func (d *drive) waited(state State, wait *Wait, code protocol.Code, detail string) {
	if code == protocol.CodeGone && wait.EOFExpected {
		return
	}
	if d.failed == nil {
		d.failed = &protocol.Fault{
			Code: code, Machine: d.Machine.Table().Name, State: string(state), Awaited: wait.For, Detail: detail,
		}
	}
}

// fault records our first failure; later ones are its consequences.
func (d *drive) fault(err error, code protocol.Code) error {
	if d.failed != nil {
		return d.failed
	}
	fault := protocol.Explain(code, err)
	if fault.Machine == "" {
		fault.Machine = d.Machine.Table().Name
		fault.State = string(d.Machine.State())
		if wait := d.Machine.Table().Waiting(d.Machine.State()); wait != nil {
			fault.Awaited = wait.For
		}
	}
	d.failed = fault
	return fault
}
