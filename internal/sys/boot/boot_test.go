package boot

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
)

func TestNothingIsSampled(t *testing.T) {
	harness.NativeOnly(t, "the guest has no Go to build the program with")
	for _, test := range []struct{ linked, want string }{
		{Link, "0"},
		{"", "524288"},
	} {
		program := filepath.Join(t.TempDir(), "rate")
		build := exec.Command("go", "build", "-ldflags="+test.linked, "-o", program, "./testdata/rate")
		if output, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, output)
		}
		output, err := exec.Command(program).Output()
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.TrimSpace(string(output)); got != test.want {
			t.Errorf("linked with %q it samples every %s bytes, want %s", test.linked, got, test.want)
		}
	}
}
