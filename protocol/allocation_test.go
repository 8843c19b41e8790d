package protocol

import (
	"bytes"
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// allocated returns how many bytes a call allocates in total, freed or not.
func allocated(call func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	call()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

func TestScanAllocatesNothing(t *testing.T) {
	for _, sample := range samples() {
		data := mustEncode(t, sample.frame)
		accept := every()
		count := testing.AllocsPerRun(100, func() {
			if _, err := Scan(data, sample.descriptors, accept); err != nil {
				t.Fatal(err)
			}
		})
		if count != 0 {
			t.Errorf("%s: %v allocations", sample.name, count)
		}
	}
}

// TestRejectedFramesAllocateLittle sends headers that claim more than there is, wherever
// there may be a value: nothing is allocated but the error.
//
// SPEC: M-ENC-12
func TestRejectedFramesAllocateLittle(t *testing.T) {
	hostile := map[string][]byte{
		"longest":        raw(t, strings.Repeat("ff", MaxFrame)),
		"too long":       make([]byte, MaxFrame+1),
		"nested":         raw(t, strings.Repeat("91", MaxFrame)),
		"many elements":  raw(t, arguments("dc1000"+strings.Repeat("a0", 4096))),
		"last byte":      raw(t, arguments("92"+str(strings.Repeat("a", 100<<10))+str(strings.Repeat("b", 60<<10))), "00"),
		"many ops, last": raw(t, "92 05 81"+str("ops")+"dc1000"+strings.Repeat("92 05 81"+str("at")+"a0", 4095)+"c0"),
	}
	for _, prefix := range []string{
		"", "92", "92 0e", "92 02 82", "92 02 82" + str("version"), welcome("01", ""), score(""), host(""), pivot(""),
		arguments(""), arguments("91"), hook(""), part(""), "92 05 81" + str("ops"),
	} {
		for _, code := range []string{"c6", "c9", "db", "dd", "df"} { // bin, ext, str, array, map with 4 bytes of length
			for _, claim := range []string{"7fffffff", "80000000", "ffffffff"} {
				name := prefix + code + claim
				hostile[name] = raw(t, name)
				hostile[name+" and more"] = raw(t, name+strings.Repeat("00", 64))
			}
		}
	}
	const most = 8 << 10
	for name, data := range hostile {
		var err error
		if bytes := allocated(func() { _, err = Decode(data, 0, every()) }); bytes > most {
			t.Errorf("%.60s: rejecting it allocates %d bytes, allowed are %d", name, bytes, most)
		}
		if err == nil {
			t.Errorf("%.60s: accepted", name)
		}
	}
}

// TestAcceptedFramesAllocateWithinBounds decodes the frames that allocate the most per
// byte: as many of each operation, and of each list's elements, as fit.
//
// SPEC: M-ENC-12
func TestAcceptedFramesAllocateWithinBounds(t *testing.T) {
	const most = 512 << 10 // less than MaxAllocation allows
	decode := func(name string, frame Frame) {
		t.Helper()
		data, err := Encode(frame)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		bytes := allocated(func() { mustDecode(t, data, wanted(frame)) })
		t.Logf("%-28s %7d bytes of frame: %8d bytes allocated", name, len(data), bytes)
		if bytes > most {
			t.Errorf("%s: decoding %d bytes allocates %d, allowed are %d", name, len(data), bytes, most)
		}
	}
	for _, kind := range OpKinds() {
		decode(fmt.Sprintf("smallest %s", kind), fullest(t, smallest(kind)))
	}
	for _, sample := range sampleOps() {
		decode(fmt.Sprintf("sample %s", sample.Kind()), fullest(t, sample))
	}
	decode("devices and empty arguments", &Part{Ops: append(
		repeated(smallest(OpDevice), 3140), repeated(smallest(OpArguments), MaxElements-3140)...)})
	decode("empty arguments", &Part{Ops: []Op{&Arguments{Values: make([]string, MaxElements-1)}}})
	decode("short arguments", &Part{Ops: []Op{&Arguments{Values: repeated("1234567890", MaxElements-1)}}})
	decode("groups", &Part{Ops: []Op{&Execute{Directory: "/", Groups: make([]uint32, MaxGroups)}}})
	decode("settings", &Committed{Limits: repeated(Pair{"n", "v"}, maxSettings)})
	decode("one long argument", &Part{Ops: []Op{&Arguments{Values: []string{strings.Repeat("a", MaxArgument)}}}})
	decode("stamps and timings", &Ready{Rows: repeated(Stamp{"r", 1}, MaxStamps), Ops: repeated(uint64(1<<40), MaxTimings)})
	decode("deadlines", &Hello{LowestVersion: 1, HighestVersion: 1, Role: 1, Deadlines: repeated(Deadline{"s", 1}, maxDeadlines)})
}

// smallest returns an operation with the shortest encoding.
func smallest(kind OpKind) Op {
	draft := ops[kind].draft()
	for _, field := range draft.fields() {
		switch value := field.value.(type) {
		case textValue:
			*value.to = strings.Repeat("/", value.least)
		case binaryValue:
			*value.to = bytes.Repeat([]byte{'/'}, value.least)
		case unsignedValue[LabelModule]:
			*value.to = LabelModule(value.least)
		case unsignedValue[HandoverCall]:
			*value.to = HandoverCall(value.least)
		}
	}
	return draft.take()
}

// fullest returns a Part with the operation as often as it fits into a frame.
func fullest(t *testing.T, op Op) Frame {
	t.Helper()
	one := mustEncode(t, &Part{Ops: []Op{op}})
	two := mustEncode(t, &Part{Ops: []Op{op, op}})
	count := min((MaxFrame-64)/(len(two)-len(one)), MaxElements)
	for ; count > 0; count-- {
		frame := &Part{Ops: repeated(op, count)}
		if _, err := Encode(frame); err == nil {
			return frame
		}
		count -= count / 64
	}
	t.Fatalf("not one %s fits", op.Kind())
	return nil
}

func repeated[T any](element T, count int) []T {
	all := make([]T, count)
	for i := range all {
		all[i] = element
	}
	return all
}

// After Ready the child must not allocate even for the first frame of a kind.
func TestExpectMakesWhatScanNeeds(t *testing.T) {
	accept := SetOf(KindCommitted, KindStart)
	for _, kind := range []Kind{KindCommitted, KindStart, KindDetach} {
		kindPrototypes[kind].made.Store(nil)
	}
	Expect(accept)
	for _, kind := range []Kind{KindCommitted, KindStart, KindDetach} {
		if made := kindPrototypes[kind].made.Load() != nil; made != accept.Has(kind) {
			t.Errorf("%s: made is %v", kind, made)
		}
	}
}
