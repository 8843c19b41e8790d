package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// root is the repository, relative to this package.
const root = "../.."

func readSpec(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(root + "/SPEC.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestSpecIsGeneratedFromTheRows(t *testing.T) {
	present := readSpec(t)
	wanted, err := rewrite(present, sections)
	if err != nil {
		t.Fatal(err)
	}
	if present != wanted {
		t.Fatalf("SPEC.md differs from the rows (-present +wanted); `go run ./internal/specgen` rewrites it:\n%s",
			cmp.Diff(lines(present), lines(wanted)))
	}
}

// The handshake in hex is real: the receiver of each frame accepts it in the state it is
// then in.
func TestShortestRunIsDecodable(t *testing.T) {
	rows, err := minimal()
	if err != nil {
		t.Fatal(err)
	}
	frames := 0
	for i, one := range rows {
		for _, kind := range one.row.Send {
			data, err := protocol.Encode(minimalRun[kind])
			if err != nil {
				t.Fatalf("%s: %v", kind, err)
			}
			taken := taking(rows[i+1:], kind)
			if taken == nil {
				t.Fatalf("%s is never received", kind)
			}
			if _, err := protocol.Decode(data, 0, taken.table.Accepts(taken.row.From)); err != nil {
				t.Errorf("%s in state %s of the %s: %v", kind, taken.row.From, taken.table.Name, err)
			}
			if printed := printed(t, dump(data)); !bytes.Equal(printed, data) {
				t.Errorf("of %s these bytes are printed:\n%x, wanted:\n%x", kind, printed, data)
			}
			frames++
		}
	}
	if frames != len(minimalRun) {
		t.Errorf("the run has %d frames, %d are made for it", frames, len(minimalRun))
	}
}

// The Ready in the handshake in hex reports what the child did in it.
//
// SPEC: M-TELL-1
func TestShortestRunsReadyTellsItsRows(t *testing.T) {
	rows, err := minimal()
	if err != nil {
		t.Fatal(err)
	}
	var wanted, told []string
	for _, one := range rows {
		if one.table == child.Table && !slices.Contains(wanted, "C15") { // the row that sends it
			wanted = append(wanted, one.row.ID)
		}
	}
	ready := minimalRun[protocol.KindReady].(*protocol.Ready)
	for i, stamp := range ready.Rows {
		told = append(told, stamp.Row)
		if i > 0 && stamp.Nanoseconds < ready.Rows[i-1].Nanoseconds {
			t.Errorf("%s is told to come before %s", stamp.Row, ready.Rows[i-1].Row)
		}
	}
	if diff := cmp.Diff(wanted, told); diff != "" {
		t.Errorf("rows (-wanted +told):\n%s", diff)
	}
	if planned := len(minimalRun[protocol.KindPlan].(*protocol.Plan).Ops); len(ready.Ops) != planned {
		t.Errorf("the durations of %d operations are told; the plan has %d", len(ready.Ops), planned)
	}
}

// printed returns the left column of a dump.
func printed(t *testing.T, dump string) []byte {
	t.Helper()
	var digits strings.Builder
	for line := range strings.Lines(dump) {
		shown, _, _ := strings.Cut(strings.TrimLeft(line, " "), " ")
		digits.WriteString(shown)
	}
	data, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// taking returns the first of the rows that receives the kind.
func taking(rows []moved, kind protocol.Kind) *moved {
	for i := range rows {
		if rows[i].row.Event == machine.Received(kind) {
			return &rows[i]
		}
	}
	return nil
}

// The closed set of fault codes is closed on the wire too: a Fault with any other code is
// not a frame.
//
// SPEC: M-FAULT-1
func TestOnlyListedCodesAreDecoded(t *testing.T) {
	data, err := protocol.Encode(&protocol.Fault{Code: 1})
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(data, []byte("code")) + len("code")
	for code := range 128 { // all that fit into one byte
		data[at] = byte(code)
		_, err := protocol.Decode(data, 0, protocol.SetOf(protocol.KindFault))
		if listed := slices.Contains(protocol.Codes(), protocol.Code(code)); listed != (err == nil) {
			t.Errorf("code %d: listed %t, decoding says %v", code, listed, err)
		}
	}
}
