package conformance

import (
	"strings"
	"testing"

	"github.com/fsrun/fsrun/protocol"
)

// TestReadyIsJudged: a Ready that does not report what it should is rejected, with the
// reason, and no other is.
//
// SPEC: M-TELL-1
func TestReadyIsJudged(t *testing.T) {
	rows := func(ids ...string) []protocol.Stamp {
		var stamps []protocol.Stamp
		for i, id := range ids {
			stamps = append(stamps, protocol.Stamp{Row: id, Nanoseconds: uint64(i)})
		}
		return stamps
	}
	many := make([]protocol.Stamp, protocol.MaxStamps)
	for i := range many {
		many[i].Row = "C12"
	}
	many[0].Row = "C01"
	backwards := rows("C01", "C02", "C15")
	backwards[0].Nanoseconds = 1 << 63
	for _, test := range []struct {
		name    string
		ready   protocol.Ready
		planned int
		says    string // "" for nothing
	}{
		{"as it should be", protocol.Ready{Rows: rows("C01", "C02", "C03", "C09", "C15"), Ops: make([]uint64, 4)}, 4, ""},
		{"of more the first", protocol.Ready{Rows: many, Ops: make([]uint64, protocol.MaxTimings)}, protocol.MaxTimings + 1, ""},
		{"no rows", protocol.Ready{Ops: make([]uint64, 4)}, 4, "tells no rows"},
		{"first row missing", protocol.Ready{Rows: rows("C02", "C15"), Ops: make([]uint64, 4)}, 4, "from C02 on"},
		{"last row missing", protocol.Ready{Rows: rows("C01", "C09"), Ops: make([]uint64, 4)}, 4, "up to C09"},
		{"times backwards", protocol.Ready{Rows: backwards, Ops: make([]uint64, 4)}, 4, "backwards"},
		{"no durations", protocol.Ready{Rows: rows("C01", "C15")}, 4, "of 0 operations; the plan has 4"},
		{"execute has none", protocol.Ready{Rows: rows("C01", "C15"), Ops: make([]uint64, 3)}, 4, "of 3 operations"},
		{"one too many", protocol.Ready{Rows: rows("C01", "C15"), Ops: make([]uint64, 5)}, 4, "of 5 operations"},
	} {
		p := &play{planned: test.planned}
		err := p.judgeReady(&test.ready)
		if (err != nil) != (test.says != "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: %v; want %q", test.name, err, test.says)
		}
	}
}
