package testlog

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// stream is the output of go test -json, without times.
const stream = `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestGood"}
{"Action":"output","Package":"p","Test":"TestGood","Output":"=== RUN   TestGood\n"}
{"Action":"pass","Package":"p","Test":"TestGood","Elapsed":0.01}
{"Action":"run","Package":"p","Test":"TestBad"}
{"Action":"run","Package":"p","Test":"TestBad/part"}
{"Action":"output","Package":"p","Test":"TestBad/part","Output":"    bad_test.go:7: broken\n"}
{"Action":"fail","Package":"p","Test":"TestBad/part"}
{"Action":"fail","Package":"p","Test":"TestBad"}
{"Action":"run","Package":"p","Test":"TestNative"}
{"Action":"output","Package":"p","Test":"TestNative","Output":"    a_test.go:9: native only: builds with go\n"}
{"Action":"output","Package":"p","Test":"TestNative","Output":"--- SKIP: TestNative (0.00s)\n"}
{"Action":"skip","Package":"p","Test":"TestNative"}
{"Action":"run","Package":"p","Test":"TestLazy"}
{"Action":"output","Package":"p","Test":"TestLazy","Output":"    a_test.go:11: native only: no, this is a log line\n"}
{"Action":"output","Package":"p","Test":"TestLazy","Output":"    a_test.go:12: needs the pids controller\n"}
{"Action":"skip","Package":"p","Test":"TestLazy"}
{"Action":"run","Package":"p","Test":"TestHung"}
{"Action":"output","Package":"p","Test":"TestHung","Output":"waiting\n"}
exit status 2
{"Action":"fail","Package":"p"}
{"Action":"skip","Package":"q"}
{"Action":"output","Package":"s","Output":"exit status 3\n"}
{"Action":"fail","Package":"s"}
{"Action":"build-output","ImportPath":"r [r.test]","Output":"r.go:1: undefined: x\n"}
{"Action":"build-fail","ImportPath":"r [r.test]"}
`

func TestTally(t *testing.T) {
	var tally Tally
	if err := Decode(strings.NewReader(stream), tally.Add); err != nil {
		t.Fatal(err)
	}
	for _, event := range tally.Abandoned() {
		tally.Add(event)
	}
	if got, want := tally.String(), "1 passed, 4 failed, 2 skipped"; got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	wantFailures := []Problem{
		{Test{"p", "TestBad"}, ""},
		{Test{"p", "TestBad/part"}, "    bad_test.go:7: broken\n"},
		{Test{"p", "TestHung"}, "waiting\n(never ended)\n"},
		{Test{"r [r.test]", ""}, "r.go:1: undefined: x\n"},
		{Test{"s", ""}, "exit status 3\n"},
	}
	if diff := cmp.Diff(wantFailures, tally.Failures()); diff != "" {
		t.Errorf("Failures() (-want +got):\n%s", diff)
	}
	var wrong []string
	for _, skip := range tally.WrongSkips() {
		wrong = append(wrong, skip.Test.String()+": "+SkipMessage(skip.Output))
	}
	if diff := cmp.Diff([]string{"p.TestLazy: needs the pids controller"}, wrong); diff != "" {
		t.Errorf("WrongSkips() (-want +got):\n%s", diff)
	}
}

func TestSkipMessage(t *testing.T) {
	for output, want := range map[string]string{
		"=== RUN   TestX\n    x_test.go:3: why\n--- SKIP: TestX (0.00s)\n": "why",
		"        deep_test.go:12: native only: go build\n":                 "native only: go build",
		"    x_test.go:3: first\n    x_test.go:4: second\n":                "second",
		"    x_test.go:3: first\n        its second line\n":                "first",
		"--- SKIP: TestX (0.00s)\n":                                        "",
		"native only: printed, not the reason\n":                           "",
	} {
		if got := SkipMessage(output); got != want {
			t.Errorf("SkipMessage(%q) = %q, want %q", output, got, want)
		}
	}
}

func TestDecodeBoundsALine(t *testing.T) {
	err := Decode(strings.NewReader(strings.Repeat("a", MaxLineBytes+1)), func(Event) {})
	if err == nil {
		t.Error("Decode read a line over its limit")
	}
}

func TestOutputIsBounded(t *testing.T) {
	var tally Tally
	for range 100 {
		tally.Add(Event{Action: "output", Package: "p", Test: "T", Output: strings.Repeat("x", 4<<10)})
	}
	tally.Add(Event{Action: "fail", Package: "p", Test: "T"})
	if got := len(tally.Failures()[0].Output); got > MaxOutputBytes+len("…") {
		t.Errorf("%d bytes of output were kept, want at most %d", got, MaxOutputBytes)
	}
}
