package protocol

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestEveryFormRoundTrips encodes and decodes each number and length at which msgpack
// changes its form, and the ends of the allowed ranges.
//
// SPEC: M-ENC-3
func TestEveryFormRoundTrips(t *testing.T) {
	var frames []Frame
	for _, number := range []uint64{
		0, 1, 127, 128, 255, 256, 65535, 65536, math.MaxUint32, math.MaxUint32 + 1, math.MaxInt64, math.MaxInt64 + 1, math.MaxUint64,
	} {
		frames = append(frames, &Part{Ops: []Op{&ResourceLimit{Soft: number, Hard: ^number}}})
	}
	for _, number := range []int{-1000, -129, -128, -127, -33, -32, -31, -1, 0, 1, 127, 128, 255, 256, 1000} {
		frames = append(frames, &Part{Ops: []Op{&OOMScore{Value: number}}})
	}
	for _, size := range []int{0, 1, 31, 32, 255, 256, 65535, 65536, MaxArgument} {
		frames = append(frames, &Part{Ops: []Op{&Arguments{Values: []string{strings.Repeat("a", size)}}}})
	}
	for _, size := range []int{0, 1, 255, 256, 65535, 65536, 128 << 10} {
		state := bytes.Repeat([]byte{0}, size)
		if size == 0 {
			state = nil
		}
		frames = append(frames, &Part{Ops: []Op{&Hook{Point: "p", Path: "/", State: state}}})
	}
	for _, count := range []int{0, 1, 15, 16, 255, 256, MaxElements - 1} {
		var values []string
		if count > 0 {
			values = make([]string, count)
		}
		frames = append(frames, &Part{Ops: []Op{&Environment{Values: values}}})
	}
	for _, kind := range Kinds() {
		if len(Empty(kind).fields()) == 0 {
			frames = append(frames, Empty(kind))
		}
	}
	for _, frame := range frames {
		data := mustEncode(t, frame)
		_, again := mustDecode(t, data, wanted(frame))
		if diff := cmp.Diff(frame, again); diff != "" {
			t.Errorf("%.40x (-sent +decoded):\n%.2000s", data, diff)
		}
	}
}

// TestSamplesAreCanonical changes every byte of every sample to every value: what is still
// accepted must be the only encoding of what it decodes to.
//
// SPEC: M-ENC-14
func TestSamplesAreCanonical(t *testing.T) {
	accepted := 0
	for _, sample := range samples() {
		data := mustEncode(t, sample.frame)
		for offset := range data {
			original := data[offset]
			for value := range 256 {
				data[offset] = byte(value)
				frame, err := Decode(data, sample.descriptors, every())
				if err != nil {
					continue
				}
				accepted++
				if again, err := Encode(frame); err != nil || !bytes.Equal(again, data) {
					t.Fatalf("%s with byte %d set to %02x is accepted, yet encodes to\n%x (error %v), not\n%x", sample.name, offset, value, again, err, data)
				}
			}
			data[offset] = original
		}
	}
	if accepted == 0 {
		t.Error("nothing was accepted")
	}
}

// wanted returns how many descriptors travel with a frame.
func wanted(frame Frame) int {
	switch frame := frame.(type) {
	case *Console, *Detach:
		return 1
	case *OpenDone:
		return len(frame.Ops)
	}
	return 0
}

func mustDecode(t testing.TB, data []byte, descriptors int) (Kind, Frame) {
	t.Helper()
	frame, err := Decode(data, descriptors, every())
	if err != nil {
		t.Fatal(err)
	}
	return frame.Kind(), frame
}

// SPEC: M-ENC-13
func TestEncodeRefusesWhatDecodeWould(t *testing.T) {
	for _, test := range []struct {
		name  string
		frame Frame
		want  string
	}{
		{"below the least", &Welcome{}, "encode Welcome: version: 0 is outside 1..65535"},
		{"too few bytes", &Part{Ops: []Op{&Listener{Call: CallSendmsg}}}, "encode Part: ops: listener: state: binary data of 0 bytes; allowed are 1..131072"},
		{"above the most", &Fault{Code: CodeExec, Errno: 4096}, "encode Fault: errno: 4096 is outside 0..4095"},
		{"no code", &Fault{}, "encode Fault: code: 0 is outside 1..18"},
		{"signed above the most", &Part{Ops: []Op{&OOMScore{Value: 1001}}}, "encode Part: ops: oom_score: value: 1001 is outside -1000..1000"},
		{"text empty", &Part{Ops: []Op{&Hostname{}}}, "encode Part: ops: hostname: name: a string of 0 bytes; allowed are 1..64"},
		{"text with NUL", &Part{Ops: []Op{&Hostname{Name: "a\x00"}}}, "encode Part: ops: hostname: name: a string with a NUL byte"},
		{"name of a pair empty", &Committed{Limits: []Pair{{}}}, "encode Committed: limits: a string of 0 bytes; allowed are 1..255"},
		{"binary too long", &Part{Ops: []Op{&Execute{Directory: "/", Filter: make([]byte, MaxFilter+1)}}},
			"encode Part: ops: execute: filter: binary data of 32769 bytes; allowed are 0..32768"},
		{"list too long", &Welcome{Version: 1, Features: make([]string, 65)}, "encode Welcome: features: a list of 65 elements; allowed are 0..64"},
		{"no operation", &Part{}, "encode Part: ops: a list of 0 elements; allowed are 1..4096"},
		{"nil operation", &Part{Ops: []Op{nil}}, "encode Part: ops: no operation"},
		{"too many elements in all", &Part{Ops: []Op{&Arguments{Values: make([]string, MaxElements)}}},
			"encode Part: malformed frame at byte 22, field values: more than 4096 list elements in one frame"},
		{"too long", &Part{Ops: []Op{&Arguments{Values: []string{strings.Repeat("a", 100<<10), strings.Repeat("b", 100<<10)}}}},
			"encode Part: a frame of 204833 bytes; allowed are 196608"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data, err := Encode(test.frame)
			if err == nil || err.Error() != test.want {
				t.Errorf("error %v, want %s (%d bytes)", err, test.want, len(data))
			}
		})
	}
}
