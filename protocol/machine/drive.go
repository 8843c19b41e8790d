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

// A Channel carries frames between the machines. protocol/transport has two: a
// socket and an in-memory pair.
type Channel interface {
	// Send sends one frame with its descriptors, which stay the caller's. A
	// closed peer is io.ErrClosedPipe.
	Send(data []byte, descriptors []int) error
	// Receive waits for one frame, for ever if wait is 0. Its descriptors become
	// the caller's. A peer that closed or died is io.EOF, a passed deadline
	// os.ErrDeadlineExceeded, a frame that came truncated a *protocol.Malformed.
	// The data is valid until the next call.
	Receive(wait time.Duration) (data []byte, descriptors []int, err error)
	// Discard closes descriptors that came with a frame that is not accepted.
	Discard(descriptors []int)
}

// Message is a frame with the descriptors that travel with it.
type Message struct {
	Frame       protocol.Frame
	Descriptors []int
	// Given, of a message to be sent: its descriptors are the runner's to close,
	// once the frame is sent or cannot be.
	Given bool
	// Encoded, of a message to be sent: the frame's bytes, where they are there
	// already.
	Encoded []byte
	// Size, of a message received: the frame's, in bytes.
	Size int
}

// Runner is what a side binds to its table.
type Runner struct {
	Machine *Machine
	Channel Channel

	// Effects performs each effect of the table. The message is the last one
	// received. An error means Failed.
	Effects map[Effect]func(Message) (Event, error)

	// Compose makes the frames that a row sends; kinds without fields need none.
	// The last frame is of the kind; only a Plan may come in several.
	Compose map[protocol.Kind]func() ([]Message, error)

	// Deadlines replaces the table's defaults.
	Deadlines map[State]time.Duration

	// Until stops the drive on entering a state, before the row's frames are
	// sent: the child leaves for its handoff so.
	Until State

	// Observe, if set, sees every row taken and every frame sent or received.
	Observe func(Step)
}

// Step is what Observe sees: a row taken, or a frame sent or received.
type Step struct {
	Row   *Row           // nil: a frame
	Frame protocol.Frame // nil: a row
	Sent  bool           // the frame was sent, else received
	Size  int            // the frame's, in bytes
}

// Drive walks the machine from its present state with a first event until a
// terminal state, or Until. Its error is a *protocol.Fault that says where and
// why the handshake failed: the peer's Fault where it sent one, else ours.
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

// unbound names an effect that the drive can come to and nobody performs. A
// drive that is to stop early is for its caller to judge.
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

// drive is one walk: the last message and the first failure.
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

// send sends what the row says. A peer that is gone is no failure while the
// machine goes on to receive: what the peer had said before is still to be heard.
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

// lastWords hears what a peer that is gone has said last, where the machine receives no
// more: its Fault is the cause, and not that it is gone (SPEC.md, M-TRAN-7, M-SM-3). No
// row receives it, so it is not observed.
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

// lastWordsTimeout bounds the wait for them: of a peer that has closed its end they are
// there, or never will be.
const lastWordsTimeout = 100 * time.Millisecond

func (d *drive) compose(kind protocol.Kind) ([]Message, error) {
	if kind == protocol.KindFault {
		d.fault(errors.New("given up"), protocol.CodeAborted) // unless something failed before
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

// perform brings about one of the events that the table declares: a runner's
// slip fails the handshake, with its teardown, as any other failure does.
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
	// A machine that still receives has overcome what failed before, such as a
	// caller that connected and died.
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

// received turns what Receive and Decode said into an event.
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

// waited records a failure of waiting, unless the table makes it a success: an
// EOF after Start means that the program was executed.
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

// fault makes the first failure ours; later ones are its consequences.
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
