package protocol

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCutPlansFitTheirFrames cuts plans that are too large for one frame, in bytes or
// elements, and puts them together again.
//
// SPEC: M-LIM-3
func TestCutPlansFitTheirFrames(t *testing.T) {
	for _, test := range []struct {
		name  string
		plan  []Op
		parts int
	}{
		{"one operation", []Op{&Pivot{}}, 1},
		{"as many elements as fit", repeated[Op](&Pivot{}, MaxElements), 1},
		{"an element more", repeated[Op](&Pivot{}, MaxElements+1), 2},
		{"lists of many elements", repeated[Op](&Arguments{Values: make([]string, 2000)}, 5), 3},
		{"two long arguments", repeated[Op](&Arguments{Values: []string{strings.Repeat("a", MaxArgument)}}, 2), 2},
		{"every operation", sampleOps(), 1},
		{"as many as a plan may hold", repeated[Op](&Loopback{}, MaxOps), MaxOps / MaxElements},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts, err := Cut(test.plan)
			if err != nil {
				t.Fatal(err)
			}
			if len(parts) != test.parts {
				t.Errorf("%d parts, want %d", len(parts), test.parts)
			}
			var whole []Op
			for _, part := range parts {
				for _, frame := range []Frame{&Part{Ops: part.Ops}, &Plan{Ops: part.Ops}} {
					encoded, err := part.Encode(frame.Kind())
					if err != nil {
						t.Fatal(err)
					}
					if !bytes.Equal(encoded, mustEncode(t, frame)) {
						t.Errorf("%s of %d operations: other bytes than the frame's", frame.Kind(), len(part.Ops))
					}
				}
				whole = append(whole, part.Ops...)
			}
			if diff := cmp.Diff(test.plan, whole); diff != "" {
				t.Errorf("(-plan +parts):\n%.2000s", diff)
			}
		})
	}
}

func TestCutRefuses(t *testing.T) {
	for _, test := range []struct {
		name string
		plan []Op
		want string
	}{
		{"too many operations", repeated[Op](&Loopback{}, MaxOps+1), "a plan of 32769 operations; allowed are 32768"},
		{"too many bytes", repeated[Op](&Arguments{Values: []string{strings.Repeat("a", MaxArgument)}}, 129),
			"a plan of 16911771 bytes; allowed are 16777216"},
		{"too many elements in one operation", []Op{&Arguments{Origin: at("process.args"), Values: make([]string, MaxElements)}},
			"arguments[0] (process.args): malformed frame at byte 26, field values: more than 4096 list elements in one frame"},
		{"too many bytes in one operation", []Op{&Pivot{}, &Arguments{Origin: at("process.args"), Values: repeated(strings.Repeat("a", MaxArgument), 2)}},
			"arguments[1] (process.args): an operation of 262179 bytes; allowed are 196576"},
		{"a field out of range", []Op{&Hostname{Origin: at("hostname"), Name: strings.Repeat("n", 65)}},
			"hostname[0] " + strings.Repeat("n", 65) + " (hostname): hostname: name: a string of 65 bytes; allowed are 1..64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			parts, err := Cut(test.plan)
			if err == nil || err.Error() != test.want {
				t.Errorf("%d parts, error %v\nwant %s", len(parts), err, test.want)
			}
		})
	}
}

// TestCutCountsWhatTheChildCounts: the size of a plan is that of its frames. One that fills
// MaxPlan is accepted; one more byte is not.
//
// SPEC: M-LIM-1, M-LIM-2
func TestCutCountsWhatTheChildCounts(t *testing.T) {
	argument := func(size int) Op { return &Arguments{Values: []string{strings.Repeat("a", size)}} }
	of := func(op Op) int { return len(mustEncode(t, &Part{Ops: []Op{op}})) } // two of them do not fit into a frame
	longest, count := argument(MaxArgument), MaxPlan/of(argument(MaxArgument))
	left := MaxPlan - count*of(longest)
	around := of(longest) - MaxArgument
	for more, want := range []string{"", fmt.Sprintf("a plan of %d bytes; allowed are %d", MaxPlan+1, MaxPlan)} {
		said := ""
		if _, err := Cut(append(repeated(longest, count), argument(left-around+more))); err != nil {
			said = err.Error()
		}
		if said != want {
			t.Errorf("%d bytes: error %q, want %q", MaxPlan+more, said, want)
		}
	}
}

// Decode accepts no frame without operations.
func TestCutOfNothingIsNoFrame(t *testing.T) {
	parts, err := Cut(nil)
	if err != nil || len(parts) != 1 {
		t.Fatalf("%d parts, error %v", len(parts), err)
	}
	if encoded, err := parts[0].Encode(KindPlan); err == nil {
		t.Errorf("encoded as % x", encoded)
	}
}
