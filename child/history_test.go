package child

import (
	"strings"
	"testing"
	"time"

	"github.com/fsrun/fsrun/internal/sys"
	"github.com/fsrun/fsrun/protocol"
)

// Ready reports every row up to the one that sends it, in order, each within the time of
// the handshake, and how long each operation took.
//
// SPEC: M-TELL-1
func TestReadyTellsTheWay(t *testing.T) {
	clock := sys.NewClock()
	before := clock.Now()
	p := start(t)
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleJoin})
	p.receive(protocol.KindWelcome)
	p.send(&protocol.Part{Ops: []protocol.Op{&protocol.Environment{Values: []string{"PATH=/bin"}}}})
	p.send(&protocol.Plan{Ops: []protocol.Op{&protocol.Arguments{Values: []string{"/bin/true"}}, self(t)}})
	ready := p.receive(protocol.KindReady).(*protocol.Ready)
	after := clock.Now()
	var rows []string
	const slack = uint64(time.Millisecond) // between the clocks of two processes
	last := before - slack
	for _, stamp := range ready.Rows {
		rows = append(rows, stamp.Row)
		if stamp.Nanoseconds < last || stamp.Nanoseconds > after+slack {
			t.Errorf("row %s was taken at %d, outside %d..%d", stamp.Row, stamp.Nanoseconds, last, after)
		}
		last = stamp.Nanoseconds
	}
	if got, want := strings.Join(rows, " "), "C01 C02 C03 C07 C08 C09 C15"; got != want {
		t.Errorf("the rows are %s, want %s", got, want)
	}
	var sum uint64
	for _, took := range ready.Ops {
		sum += took
	}
	if len(ready.Ops) != 3 || sum == 0 || sum > after-before {
		t.Errorf("the operations took %v of %d ns", ready.Ops, after-before)
	}
}

// Rows and operations that do not fit into Ready are left out at the end.
//
// SPEC: M-TELL-1
func TestReadyTellsTheFirst(t *testing.T) {
	p := start(t)
	p.send(&protocol.Hello{LowestVersion: 1, HighestVersion: 1, Role: protocol.RoleJoin})
	p.receive(protocol.KindWelcome)
	for range protocol.MaxStamps {
		p.send(&protocol.Part{Ops: []protocol.Op{
			&protocol.Environment{}, &protocol.Environment{}, &protocol.Environment{}, &protocol.Environment{}, &protocol.Environment{},
		}})
	}
	p.send(&protocol.Plan{Ops: []protocol.Op{&protocol.Arguments{Values: []string{"/bin/true"}}, self(t)}})
	ready := p.receive(protocol.KindReady).(*protocol.Ready)
	if len(ready.Rows) != protocol.MaxStamps || ready.Rows[0].Row != "C01" {
		t.Errorf("%d rows are told, want %d from C01 on", len(ready.Rows), protocol.MaxStamps)
	}
	if len(ready.Ops) != protocol.MaxTimings {
		t.Errorf("%d operations are told, want %d", len(ready.Ops), protocol.MaxTimings)
	}
}
