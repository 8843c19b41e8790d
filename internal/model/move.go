package model

import (
	"fmt"

	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// class says what a move needs.
type class uint8

const (
	ordinary class = iota // nothing: it comes to pass
	deadline              // that a deadline passes
	fault                 // that something goes wrong
	caller                // that a caller, or the program, wants it
)

// move is what leads from one world to the next.
type move struct {
	class class
	side  who
	text  string        // what happens
	kind  protocol.Kind // the frame that is sent, received or damaged; 0: none
	sent  bool          // the side has sent the kind, and the peer may have received it
	taken [2]int16      // the row that a side has taken, -1 for none
	event machine.Event // the event that has no row
	wrong string        // what the move violates, "" for nothing
}

// What some moves are called, which a story is told of.
const (
	ends          = "ends"
	killed        = "is killed"
	damaging      = "sends, and damage is done to,"
	damagedBefore = "receives, damaged,"
	succeeds      = "succeeds to "
	callerStarts  = "is followed by a caller who starts"
)

// rows tells which rows a move takes.
func (c *compiled) rows(m *move) (text string) {
	for side, row := range m.taken {
		if row >= 0 {
			taken := c.tables[side].Rows[row]
			text += fmt.Sprintf("; %s %s: %s --%s--> %s", who(side), taken.ID, taken.From, taken.Event, taken.To)
		}
	}
	return text
}
