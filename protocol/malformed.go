package protocol

import "fmt"

// Malformed says why a byte sequence is not an acceptable frame. Its text is
// safe to show: it quotes no more of the peer's bytes than a bounded key.
type Malformed struct {
	Offset int    // where it is wrong, in bytes from the start of the frame
	Field  string // the field being read; "" outside of one
	Reason string

	unexpected bool // a well-formed frame of a kind that the state does not accept
}

// Code is the fault code to answer it with.
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
