// The test is outside the package: its imports must not delay the initialization that it is
// about.
package nofile_test

import (
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"

	"github.com/fsrun/fsrun/internal/sys/nofile"
)

// TestMain lets the test start itself with a lower limit. The child reports what package
// nofile saw, although package syscall has raised the limit since.
func TestMain(m *testing.M) {
	if os.Getenv("NOFILE_PROBE") != "" {
		var now syscall.Rlimit
		syscall.Getrlimit(syscall.RLIMIT_NOFILE, &now)
		fmt.Printf("%d %d", nofile.Soft, now.Cur)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func TestSoftIsWhatTheCallerGave(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	command := exec.Command("/bin/sh", "-c", `ulimit -Sn 64; exec "$0"`, self)
	command.Env = append(os.Environ(), "NOFILE_PROBE=1")
	output, err := command.Output()
	if err != nil {
		t.Fatal(err)
	}
	var soft, raised uint64
	if _, err := fmt.Sscan(string(output), &soft, &raised); err != nil {
		t.Fatalf("%q: %v", output, err)
	}
	if soft != 64 {
		t.Errorf("Soft = %d, want the caller's 64", soft)
	}
	if raised <= 64 {
		t.Errorf("package syscall left the limit at %d: the test shows nothing", raised)
	}
}
