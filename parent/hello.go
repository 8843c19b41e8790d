package parent

import (
	"fmt"
	"math"
	"time"

	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// helloMessage opens a handshake.
func helloMessage(role protocol.Role, maps bool, wishes map[machine.State]time.Duration) []machine.Message {
	return []machine.Message{{Frame: &protocol.Hello{
		LowestVersion: protocol.Version, HighestVersion: protocol.Version,
		Role: role, MapsWanted: maps, Deadlines: childDeadlines(wishes),
	}}}
}

// childDeadlines converts the caller's deadlines for Hello. Which of the states are the
// child's is for the child to know.
func childDeadlines(wishes map[machine.State]time.Duration) []protocol.Deadline {
	var deadlines []protocol.Deadline
	for state, deadline := range wishes {
		deadlines = append(deadlines, protocol.Deadline{State: string(state), Milliseconds: wireMilliseconds(deadline)})
	}
	return deadlines
}

// wireMilliseconds converts a deadline for Hello, in which 0 means forever (SPEC.md,
// M-DL-3). Fractions of a millisecond are rounded up: rounded down to 0, the shortest
// deadline would become the longest. What does not fit into 32 bits, some 49 days, becomes
// forever: a deadline may come late, but not before the hooks that it waits for may have
// used up their timeouts.
func wireMilliseconds(deadline time.Duration) uint32 {
	milliseconds := int64(deadline / time.Millisecond)
	if deadline%time.Millisecond != 0 {
		milliseconds++
	}
	if milliseconds > math.MaxUint32 {
		return 0
	}
	return uint32(milliseconds)
}

// agreePlain checks that what the child accepted had been offered.
func agreePlain(message machine.Message) (machine.Event, error) {
	welcome := message.Frame.(*protocol.Welcome)
	if welcome.Version != protocol.Version || len(welcome.Features) > 0 {
		return "", &protocol.Fault{Code: protocol.CodeVersion, Detail: fmt.Sprintf(
			"the child took version %d with features %q; version %d without features was offered",
			welcome.Version, welcome.Features, protocol.Version)}
	}
	return parentmachine.Plain, nil
}

// unexpected is the error for a child that asks for something that it has no reason to ask
// for.
func unexpected(format string, arguments ...any) error {
	return &protocol.Fault{Code: protocol.CodeUnexpected, Detail: "the child asks for " + fmt.Sprintf(format, arguments...)}
}
