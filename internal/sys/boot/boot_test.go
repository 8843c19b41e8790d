package boot

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/internal/harness"
)

func TestNothingIsSampled(t *testing.T) {
	for _, test := range []struct{ linked, want string }{
		{Link, "0"},
		{"", "524288"},
	} {
		output, err := exec.Command(built(t, test.linked, "./testdata/rate")).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(output)); got != test.want {
			t.Errorf("linked with %q it samples every %s bytes, want %s", test.linked, got, test.want)
		}
	}
}

// TestOpenFilesAreLimitedWhileTheRuntimeStarts: the program must not keep the lower limit,
// and needs none of its caller to be larger. Standard descriptors that are closed are opened
// by the Go runtime, which gives up if it cannot. Package syscall raises the soft limit to one
// less than the hard one.
func TestOpenFilesAreLimitedWhileTheRuntimeStarts(t *testing.T) {
	linked, plain := built(t, Link, "./testdata/limit"), built(t, "", "./testdata/limit")
	for _, test := range []struct{ program, shell, want string }{
		{linked, "ulimit -Sn 64; ulimit -Hn 80", "64 true 79"},
		{plain, "ulimit -Sn 64; ulimit -Hn 80", "64 false 79"},
		{linked, "ulimit -n 4", "4 true 4"},
		{linked, "ulimit -n 3", "3 false 3"},
		{linked, "ulimit -n 2", "2 false 2"},
		{linked, "ulimit -n 64; exec <&-", "64 true 64"},
		{linked, "ulimit -n 64; exec <&- 2>&-", "64 true 64"},
	} {
		output, err := exec.Command("/bin/sh", "-c", test.shell+`; exec "$0"`, test.program).Output()
		if err != nil {
			t.Errorf("%s: %v", test.shell, err)
		}
		if diff := cmp.Diff(test.want, strings.TrimSpace(string(output))); diff != "" {
			t.Errorf("%s: the caller's limit, whether it was lowered, and what it is now (-want +got):\n%s", test.shell, diff)
		}
	}
}

// built returns a program of testdata.
func built(t *testing.T, linked, source string) string {
	harness.NativeOnly(t, "the guest has no Go to build the program with")
	program := filepath.Join(t.TempDir(), "program")
	build := exec.Command("go", "build", "-ldflags="+linked, "-o", program, source)
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	return program
}
