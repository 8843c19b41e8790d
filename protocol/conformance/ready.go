package conformance

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/fsrun/fsrun/protocol"
)

// firstRow and lastRow are the child's first row and the one that sends Ready (SPEC.md,
// "The child").
const (
	firstRow = "C01"
	lastRow  = "C15"
)

// judgeReady checks M-TELL-1 as far as a peer can: a Ready reports the rows from the first
// to the one that sends it, time never runs backwards, and every operation of the plan has
// a duration. Where there are more than fit, it reports the first ones.
func (p *play) judgeReady(ready *protocol.Ready) error {
	wanted := min(p.planned, protocol.MaxTimings)
	switch rows := ready.Rows; {
	case len(rows) == 0:
		return errors.New("its Ready tells no rows (M-TELL-1)")
	case rows[0].Row != firstRow:
		return fmt.Errorf("its Ready tells the rows from %s on; the first is %s (M-TELL-1)", rows[0].Row, firstRow)
	case len(rows) < protocol.MaxStamps && rows[len(rows)-1].Row != lastRow:
		return fmt.Errorf("its Ready tells the rows up to %s; it is %s that sends it (M-TELL-1)", rows[len(rows)-1].Row, lastRow)
	case !slices.IsSortedFunc(rows, func(a, b protocol.Stamp) int { return cmp.Compare(a.Nanoseconds, b.Nanoseconds) }):
		return errors.New("its Ready tells rows whose times run backwards (M-TELL-1)")
	case len(ready.Ops) != wanted:
		return fmt.Errorf("its Ready tells the durations of %d operations; the plan has %d, of which it tells %d (M-TELL-1)", len(ready.Ops), p.planned, wanted)
	}
	return nil
}

// rowsWith maps a frame to the rows that the child takes with it.
var rowsWith = map[protocol.Kind][]string{
	protocol.KindHello: {firstRow, "C02"}, protocol.KindWelcome: {"C03"},
	protocol.KindMapDone: {"C05", "C06"}, protocol.KindPart: {"C07", "C08"}, protocol.KindPlan: {"C09"},
	protocol.KindReady: {lastRow},
}

// pass records the rows that the kit's child takes with a frame.
func (p *play) pass(kind protocol.Kind) {
	rows := rowsWith[kind]
	if kind == protocol.KindWelcome && p.Mapped {
		rows = []string{"C04"} // this row also sends MapRequest
	}
	for _, row := range rows {
		p.rows = append(p.rows, protocol.Stamp{Row: row, Nanoseconds: uint64(len(p.rows) + 1)})
	}
}

// ready fills in the Ready of the kit's child.
func (p *play) ready(frame *protocol.Ready) {
	p.pass(protocol.KindReady)
	frame.Rows, frame.Ops = p.rows, make([]uint64, min(p.planned, protocol.MaxTimings))
}
