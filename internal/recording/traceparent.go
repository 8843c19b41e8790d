package recording

import (
	"encoding/hex"
	"fmt"
	"strings"
)

// Annotation is the annotation with which an engine makes a container's handshakes part of
// a distributed trace.
const Annotation = "traceparent"

// Traceparent is a position in a distributed trace (W3C Trace Context, "traceparent
// Header").
type Traceparent struct {
	Trace [16]byte
	Span  [8]byte
	// Flags are the caller's flags. Bit 0 says that it records the trace.
	Flags byte
}

// traceparentParts are the lengths of the parts in version 00, with which later versions
// begin. traceparentLength is the length of all of them, including separators.
var traceparentParts = [...]int{2, 32, 16, 2}

const traceparentLength = 55

// ParseTraceparent parses a traceparent as the specification says: of a later version, it
// parses the parts that it knows.
func ParseTraceparent(text string) (Traceparent, error) {
	var found Traceparent
	wrong := fmt.Errorf("%.80q is no traceparent; allowed: 00-TRACE-SPAN-FLAGS in 32, 16 and 2 lower-case hexadecimal digits, the first two not all 0 (W3C Trace Context)", text)
	parts := strings.Split(text, "-")
	if len(parts) < len(traceparentParts) || len(parts) > len(traceparentParts) && parts[0] == "00" || parts[0] == "ff" {
		return found, wrong
	}
	decoded := make([][]byte, len(traceparentParts))
	for i, length := range traceparentParts {
		content, err := hex.DecodeString(parts[i])
		if err != nil || len(parts[i]) != length || strings.ToLower(parts[i]) != parts[i] {
			return found, wrong
		}
		decoded[i] = content
	}
	found = Traceparent{Trace: [16]byte(decoded[1]), Span: [8]byte(decoded[2]), Flags: decoded[3][0]}
	if found.Trace == [16]byte{} || found.Span == [8]byte{} {
		return Traceparent{}, wrong
	}
	return found, nil
}
