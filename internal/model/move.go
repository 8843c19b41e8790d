package model

import (
	"fmt"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// class says what makes a move happen.
type class uint8

const (
	ordinary class = iota // nothing else: it simply happens
	deadline              // a deadline passes
	fault                 // something goes wrong
	caller                // a caller, or the program, wants it
)

// move leads from one world to another.
type move struct {
	class class
	side  who
	text  string        // what happens
	kind  protocol.Kind // the frame that is sent, received or damaged; 0 for none
	sent  bool          // the side has sent the frame, and the peer may have received it
	taken [2]int16      // the row that each side has taken; -1 for none
	event machine.Event // the event that has no row
	wrong string        // what the move violates; "" for nothing
}

// The texts of moves that a story depends on.
const (
	ends          = "ends"
	killed        = "is killed"
	damaging      = "sends, and damage is done to,"
	damagedBefore = "receives, damaged,"
	succeeds      = "succeeds to "
	callerStarts  = "is followed by a caller who starts"
)

// rows describes the rows that a move takes.
func (c *compiled) rows(m *move) (text string) {
	for side, row := range m.taken {
		if row >= 0 {
			taken := c.tables[side].Rows[row]
			text += fmt.Sprintf("; %s %s: %s --%s--> %s", who(side), taken.ID, taken.From, taken.Event, taken.To)
		}
	}
	return text
}
