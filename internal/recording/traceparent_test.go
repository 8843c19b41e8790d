package recording

import (
	"strings"
	"testing"
)

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func TestTraceparent(t *testing.T) {
	found, err := ParseTraceparent(traceparent)
	if err != nil || found.Trace[0] != 0x0a || found.Trace[15] != 0x9c || found.Span[7] != 0x31 || found.Flags != 1 {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := ParseTraceparent("cc" + traceparent[2:] + "-what-comes-later"); err != nil {
		t.Errorf("of a later version: %v", err)
	}
	for _, wrong := range []string{
		"", "00", "ff" + traceparent[2:], traceparent + "-more", traceparent[1:], strings.ToUpper(traceparent), strings.Replace(traceparent, "a", "g", 1),
		"00-" + strings.Repeat("0", 32) + "-b7ad6b7169203331-01", "00-0af7651916cd43dd8448eb211c80319c-" + strings.Repeat("0", 16) + "-01",
		"00-0af7651916cd43dd8448eb211c8031-9cb7ad6b7169203331-01", traceparent + "\n",
	} {
		if _, err := ParseTraceparent(wrong); err == nil || !strings.Contains(err.Error(), "allowed: ") {
			t.Errorf("%q: %v", wrong, err)
		}
	}
}

// A recording names the trace that it belongs to, unless that is invalid.
func TestRecordingJoinsATrace(t *testing.T) {
	later := "cc" + traceparent[2:]
	for given, want := range map[string]string{traceparent: traceparent, "": "", "hunter2": "", later + "-" + strings.Repeat("more", MaxText): later} {
		r := NewRecorder("run", "c1")
		if err := r.Join(map[string]string{"other": secret, Annotation: given}); (err != nil) != (given != "" && want == "") {
			t.Errorf("%q: %v", given, err)
		}
		read, err := Decode(string(Encode(r.End(nil))))
		if err != nil {
			t.Fatal(err)
		}
		if read[0].Traceparent != want {
			t.Errorf("%q is recorded as %q", given, read[0].Traceparent)
		}
	}
	if _, err := Decode(`{"fsrun":[{"version":1,"began":"2026-01-01T00:00:00Z","traceparent":"hunter2"}]}`); err == nil {
		t.Error("a file with what is no traceparent is read")
	}
}
