package protocol

import "fmt"

// Malformed says why a byte sequence is not an acceptable frame. Its text is
// safe to show: it quotes no more of the peer's bytes than a bounded key.
type Malformed struct {
	Offset int    // of what is wrong, in bytes from the frame's start
	Field  string // the field being read, "" outside one
	Reason string

	unexpected bool // well-formed, but of a kind that the state does not accept
}

// Code is the fault code that answers it.
func (m *Malformed) Code() Code {
	if m.unexpected {
		return CodeUnexpected
	}
	return CodeMalformed
}

func (m *Malformed) Error() string {
	if m.Field == "" {
		return fmt.Sprintf("malformed frame at byte %d: %s", m.Offset, m.Reason)
	}
	return fmt.Sprintf("malformed frame at byte %d, field %s: %s", m.Offset, m.Field, m.Reason)
}
