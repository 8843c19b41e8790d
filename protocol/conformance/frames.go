package conformance

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/protocol"
)

// message is a frame that the kit sends.
type message struct {
	data        []byte
	descriptors int // how many descriptors go along
	kind        protocol.Kind
}

// compose makes the message that a line describes: a kind, words that change its usual
// fields, and words that corrupt it.
func (p *play) compose(what string) (message, error) {
	words := strings.Fields(what)
	if words[0] == "bytes" && len(words) == 2 {
		data, err := decodeHex(words[1])
		return message{data: data}, err
	}
	kind, err := kindOf(words[0])
	if err != nil {
		return message{}, err
	}
	m := message{kind: kind}
	fields, corrupting := words[1:], []string(nil)
	for i, word := range fields {
		if _, is := corrupters[word]; is {
			fields, corrupting = fields[:i], fields[i:]
			break
		}
	}
	frame, err := p.frame(kind, fields)
	if err != nil {
		return m, fmt.Errorf("%s: %w", what, err)
	}
	switch frame := frame.(type) {
	case *protocol.OpenDone:
		m.descriptors = len(frame.Ops)
	case *protocol.Console, *protocol.Detach:
		m.descriptors = 1
	}
	if m.data, err = protocol.Encode(frame); err != nil {
		return m, err
	}
	for ; len(corrupting) > 0; corrupting = corrupting[2:] {
		if len(corrupting) < 2 {
			return m, fmt.Errorf("%s: %s wants a number", what, corrupting[0])
		}
		number, err := strconv.Atoi(corrupting[1])
		corrupt := corrupters[corrupting[0]]
		if err != nil || corrupt == nil || number < 0 || number > 2*protocol.MaxFrame {
			return m, fmt.Errorf("%s: cannot be corrupted by %s %s", what, corrupting[0], corrupting[1])
		}
		corrupt(&m, number)
	}
	return m, nil
}

// corrupters turn a message into one that nobody may accept.
var corrupters = map[string]func(*message, int){
	"cut":         func(m *message, n int) { m.data = m.data[:max(1, len(m.data)-n)] },
	"extended":    func(m *message, n int) { m.data = append(m.data, make([]byte, n)...) },
	"flipped":     func(m *message, n int) { m.data[n%len(m.data)] ^= 0xff },
	"descriptors": func(m *message, n int) { m.descriptors = n },
}

func kindOf(name string) (protocol.Kind, error) {
	for _, kind := range protocol.Kinds() {
		if kind.String() == name {
			return kind, nil
		}
	}
	return 0, fmt.Errorf("%q is no kind of frame, and nothing else that a side can do", name)
}

// frame makes the kit's usual frame of a kind, changed by words.
func (p *play) frame(kind protocol.Kind, words []string) (protocol.Frame, error) {
	frame := protocol.Empty(kind)
	switch frame := frame.(type) {
	case *protocol.Hello:
		return frame, hello(frame, words)
	case *protocol.Welcome:
		frame.Version = protocol.Version
		return frame, welcome(frame, words)
	case *protocol.Part:
		ops, err := p.operations(words)
		frame.Ops = ops
		p.planned += len(ops)
		return frame, err
	case *protocol.Plan:
		if len(words) == 0 {
			words = []string{"arguments", "execute"}
		}
		ops, err := p.operations(words)
		frame.Ops = ops
		p.planned += len(ops)
		return frame, err
	case *protocol.OpenRequest:
		ops, err := indexes(words)
		frame.Ops = ops
		return frame, err
	case *protocol.OpenDone:
		ops := p.asked
		if len(words) > 0 {
			var err error
			if ops, err = indexes(words); err != nil {
				return frame, err
			}
		}
		if len(ops) == 0 {
			ops = []uint32{0}
		}
		frame.Ops = ops
		return frame, nil
	case *protocol.Fault:
		frame.Code, frame.Machine, frame.State, frame.Detail = protocol.CodeAborted, p.us(), "unknown", "the kit gives up"
	case *protocol.Ready:
		p.ready(frame)
	case *protocol.Committed:
		frame.Cgroup = "/conformance"
	}
	if len(words) > 0 {
		return frame, fmt.Errorf("a %s has no %q", kind, words[0])
	}
	return frame, nil
}

func hello(frame *protocol.Hello, words []string) error {
	frame.LowestVersion, frame.HighestVersion, frame.Role = protocol.Version, protocol.Version, protocol.RoleInit
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "versions":
			if _, err := fmt.Sscanf(value, "%d..%d", &frame.LowestVersion, &frame.HighestVersion); err != nil {
				return fmt.Errorf("%s: want versions=1..2", word)
			}
		case "features":
			frame.Features = strings.Split(value, ",")
		case "join":
			frame.Role = protocol.RoleJoin
		case "maps":
			frame.MapsWanted = true
		case "deadline": // deadline=committed:100
			state, text, _ := strings.Cut(value, ":")
			milliseconds, err := strconv.ParseUint(text, 10, 32)
			if err != nil {
				return fmt.Errorf("%s: want deadline=committed:100", word)
			}
			frame.Deadlines = append(frame.Deadlines, protocol.Deadline{State: state, Milliseconds: uint32(milliseconds)})
		default:
			return fmt.Errorf("a Hello has no %q", word)
		}
	}
	return nil
}

func welcome(frame *protocol.Welcome, words []string) error {
	for _, word := range words {
		name, value, _ := strings.Cut(word, "=")
		switch name {
		case "version":
			version, err := strconv.ParseUint(value, 10, 16)
			if err != nil {
				return err
			}
			frame.Version = uint16(version)
		case "features":
			frame.Features = strings.Split(value, ",")
		default:
			return fmt.Errorf("a Welcome has no %q", word)
		}
	}
	return nil
}

func indexes(words []string) ([]uint32, error) {
	var all []uint32
	for _, word := range words {
		index, err := strconv.ParseUint(word, 10, 32)
		if err != nil {
			return nil, err
		}
		all = append(all, uint32(index))
	}
	if len(all) == 0 {
		all = []uint32{0}
	}
	return all, nil
}
