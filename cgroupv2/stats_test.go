package cgroupv2

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParsePSI(t *testing.T) {
	got := parsePSI("some avg10=1.50 avg60=0.25 avg300=0.00 total=12345\nfull avg10=0.00 avg60=0.10 avg300=0.00 total=77")
	want := PSI{
		Some: Pressure{Avg10: 1.5, Avg60: 0.25, Total: 12345},
		Full: Pressure{Avg60: 0.1, Total: 77},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("pressure (-want +got):\n%s", diff)
	}
}

func TestParseIOStat(t *testing.T) {
	got := parseIOStat("8:16 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=5 dios=6\n8:0 rbytes=90430464 cost.usage=7\n254:0 \n")
	want := map[string]IOStats{
		"8:16":  {1, 2, 3, 4, 5, 6},
		"8:0":   {ReadBytes: 90430464},
		"254:0": {},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("io.stat (-want +got):\n%s", diff)
	}
}

func TestShownAndUndoing(t *testing.T) {
	const content = "8:16 rbps=1 wbps=max riops=max wiops=max\n8:0 rbps=2 wbps=max riops=max wiops=max"
	for _, test := range []struct{ file, content, value, shown, undoing string }{
		{"io.max", content, "8:0 wbps=9", "8:0 rbps=2 wbps=max riops=max wiops=max", "8:0 rbps=2 wbps=max riops=max wiops=max"},
		{"io.max", content, "8:1 wbps=9", "", "8:1 rbps=max wbps=max riops=max wiops=max"},
		{"io.weight", "default 100", "8:0 50", "", "8:0 default"},
		{"io.weight", "default 100", "default 50", "default 100", "default 100"},
		{"memory.max", "max", "4096", "max", "max"},
		{"cpuset.cpus", "", "0-1", "", ""},
	} {
		got := shown(test.file, test.content, test.value)
		if got != test.shown {
			t.Errorf("%s: %q shows %q, want %q", test.file, test.value, got, test.shown)
		}
		if undo := undoing(test.file, got, test.value); undo != test.undoing {
			t.Errorf("%s: %q is undone by %q, want %q", test.file, test.value, undo, test.undoing)
		}
	}
}
