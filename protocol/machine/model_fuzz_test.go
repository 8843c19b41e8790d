package machine_test

import (
	"errors"
	"testing"

	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/model"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// FuzzHandshake drives both machines against each other while effects fail and one frame is
// tampered with, and compares with the model: whatever either side is observed to do, it
// can do in the model, too.
//
// SPEC: M-SM-1
func FuzzHandshake(f *testing.F) {
	for plan := range uint8(16) {
		f.Add(plan, []byte{}, []byte{}, uint8(leave), uint8(0), uint16(0), uint8(0))
	}
	for n := range 6 {
		script := make([]byte, n, n+1)
		script = append(script, 0xff)
		f.Add(uint8(0xff), script, []byte{}, uint8(leave), uint8(0), uint16(0), uint8(0))
		f.Add(uint8(0xff), []byte{}, script, uint8(leave), uint8(0), uint16(0), uint8(0))
		f.Add(uint8(0xff), []byte{}, script, uint8(flip), uint8(2*n), uint16(n), uint8(0x55))
	}
	f.Fuzz(func(t *testing.T, plan uint8, ours, theirs []byte, what, n uint8, where uint16, with uint8) {
		h := newHandshake(plan)
		h.fails = map[*machine.Table]func() bool{parent.Table: failing(ours), child.Table: failing(theirs)}
		victim := h.theirs
		if n%2 == 0 {
			victim = h.ours
		}
		victim.what, victim.n, victim.where, victim.with = meddling(what)%meddlings, int(n%24)/2, int(where), with
		judge(t, h, victim)
	})
}

// failing returns whether each successive effect fails: where the script's byte has its
// highest bit. After the script, none fails.
func failing(script []byte) func() bool {
	return func() bool {
		if len(script) == 0 {
			return false
		}
		fails := script[0] == 0xff
		script = script[1:]
		return fails
	}
}

// judge runs a handshake and compares what each side did with the model.
func judge(t *testing.T, h *handshake, victim *meddler) {
	t.Helper()
	ours, theirs := h.run(t)
	if h.tooEarly.Load() && !victim.forged {
		t.Error("the program is executed before limits are committed")
	}
	for _, end := range []struct {
		table *machine.Table
		endOf
	}{{parent.Table, ours}, {child.Table, theirs}} {
		var fault *protocol.Fault
		if !end.table.IsTerminal(end.state) || end.err != nil && !errors.As(end.err, &fault) {
			t.Errorf("%s: ends in %s with %v", end.table.Name, end.state, end.err)
		}
		if victim.forged {
			continue // another valid frame arrives, which the model's peer would not have sent
		}
		if err := model.Path(end.table.Name, end.steps); err != nil {
			t.Error(err)
		}
	}
}
