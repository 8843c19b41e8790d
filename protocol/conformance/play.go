package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/fsrun/fsrun/protocol"
)

// DefaultPatience is how long a subject may take over what needs no waiting.
const DefaultPatience = 20 * time.Second

// play is one case being played.
type play struct {
	*Case
	session Session
	asked   []uint32         // the operations in the last OpenRequest
	planned int              // operations in the plan so far
	rows    []protocol.Stamp // taken by the kit's child
	faulted bool             // the subject has sent a Fault
	over    bool             // the end of the stream has been seen
}

// Play plays a case. It returns the story as it went, and how the subject deviated from the
// case, if it did.
func Play(subject Subject, c Case) (Case, error) {
	told := c
	told.Lines = slices.Clone(c.Lines)
	session, err := subject.Begin(&c)
	if err != nil {
		return told, fmt.Errorf("the subject cannot be set going: %w", err)
	}
	defer session.Abandon()
	c.Patience = cmp.Or(c.Patience, DefaultPatience)
	p := &play{Case: &c, session: session}
	for i, line := range c.Lines {
		said, err := p.line(line)
		if said != "" {
			told.Lines[i].What = said
		}
		if err != nil {
			return told, fmt.Errorf("line %d, %s %s: %w", i+1, line.Who, line.What, err)
		}
	}
	return told, p.leave()
}

// us is the side played by the kit.
func (p *play) us() string {
	if p.Subject == Child {
		return Parent
	}
	return Child
}

// line does or expects what a line says, and returns what was observed.
func (p *play) line(line Line) (said string, err error) {
	if p.speaks(line) {
		return p.expect(line.What)
	}
	switch line.What {
	case "closes":
		p.session.Close()
		return "", nil
	case "connects":
		return "", p.session.Connect()
	case "executes", "dies":
		return "", p.session.Do(line.What)
	}
	m, err := p.compose(line.What)
	if err != nil {
		return "", err
	}
	if m.kind == protocol.KindWelcome {
		p.pass(m.kind)
	}
	err = p.session.Send(m.data, m.descriptors, m.kind)
	if errors.Is(err, io.ErrClosedPipe) {
		return "", nil // the next line says what follows from that
	}
	return "", err
}

// expect waits for what the subject should do next.
func (p *play) expect(what string) (string, error) {
	switch what {
	case "closes":
		return p.closed()
	case string(Executes), string(Ends), string(Succeeds), string(Fails):
		said, err := p.closed()
		if err != nil {
			return said, err
		}
		outcome, err := p.session.End(p.Patience)
		p.over = true
		if err == nil && string(outcome) != what {
			err = fmt.Errorf("it %s", outcome)
		}
		return string(outcome), err
	}
	said, err := p.next()
	if err == nil && !matches(what, said) {
		err = fmt.Errorf("it says %s", said)
	}
	if err == nil && matches(what, said) {
		said = what // the line may allow more than was observed
	}
	return said, err
}

// closed waits for the end of the stream.
func (p *play) closed() (string, error) {
	data, descriptors, err := p.session.Receive(p.Patience)
	switch {
	case errors.Is(err, io.EOF):
		return "closes", nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		return "", fmt.Errorf("it does nothing for %s", p.Patience)
	case err != nil:
		return "", err
	}
	said, err := p.judge(data, descriptors)
	if err == nil {
		err = fmt.Errorf("it says %s", said)
	}
	return said, err
}

// next receives a frame. A plan counts as one, Parts included.
func (p *play) next() (string, error) {
	for {
		data, descriptors, err := p.session.Receive(p.Patience)
		switch {
		case errors.Is(err, io.EOF):
			return "closes", errors.New("it closes its end")
		case errors.Is(err, os.ErrDeadlineExceeded):
			return "", fmt.Errorf("it does nothing for %s", p.Patience)
		case err != nil:
			return "", err
		}
		said, err := p.judge(data, descriptors)
		if err != nil || said != protocol.KindPart.String() {
			return said, err
		}
	}
}

// judge checks what is required of every frame that the subject sends, and describes the
// frame in words.
func (p *play) judge(data []byte, descriptors int) (string, error) {
	frame, err := protocol.Decode(data, descriptors, protocol.SetOf(protocol.Kinds()...))
	if err != nil {
		return "", fmt.Errorf("it sends what no decoder may accept (M-ENC-13): %w", err)
	}
	kind := frame.Kind()
	direction := map[string]protocol.Direction{Parent: protocol.ParentToChild, Child: protocol.ChildToParent}[p.Subject]
	switch {
	case kind.Direction()&direction == 0:
		return kind.String(), fmt.Errorf("it sends %s, which is for the other side to send (M-ENC-10)", kind)
	case p.faulted:
		return kind.String(), fmt.Errorf("it sends %s after its Fault (M-SM-2)", kind)
	}
	p.pass(kind)
	switch frame := frame.(type) {
	case *protocol.OpenRequest:
		p.asked = frame.Ops
	case *protocol.Ready:
		return kind.String(), p.judgeReady(frame)
	case *protocol.Part:
		p.planned += len(frame.Ops)
	case *protocol.Plan:
		p.planned += len(frame.Ops)
	case *protocol.Fault:
		p.faulted = true
		if frame.Machine != p.Subject || frame.State == "" {
			return "Fault", fmt.Errorf("its Fault is of machine %q in state %q (M-FAULT-2)", frame.Machine, frame.State)
		}
		if frame.Code == protocol.CodeGone {
			return "Fault", errors.New("it sends a Fault of code gone (M-FAULT-4)")
		}
		return fmt.Sprintf("Fault %s in %s", frame.Code, frame.State), nil
	case *protocol.Hello:
		if frame.LowestVersion > frame.HighestVersion {
			return "Hello", errors.New("its lowest version is above its highest (M-VER-3)")
		}
	}
	return kind.String(), nil
}

// matches reports whether an expectation allows what was said. It compares word by word, up
// to the end of the expectation, with | between alternatives.
func matches(expected, said string) bool {
	wants, has := strings.Fields(expected), strings.Fields(said)
	if len(wants) > len(has) {
		return false
	}
	for i, want := range wants {
		if !slices.Contains(strings.Split(want, "|"), has[i]) {
			return false
		}
	}
	return true
}

// leave closes the kit's end after the last line. A child that nobody has started must then
// not execute the program (M-END-2).
func (p *play) leave() error {
	if p.over || p.Subject != Child || p.leftAlone() {
		return nil
	}
	p.session.Close()
	outcome, err := p.session.End(p.Patience)
	if err == nil && outcome != Ends {
		err = fmt.Errorf("after the last line the kit closes its end, and it %s (M-END-2)", outcome)
	}
	return err
}

// leftAlone reports whether the story leaves behind a created container, which waits
// forever.
func (p *play) leftAlone() bool {
	return slices.ContainsFunc(p.Lines, func(line Line) bool { return line.What == protocol.KindDetach.String() })
}
