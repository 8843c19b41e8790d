package engine

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/fsrun/fsrun/internal/harness"
)

// Runtime is the path of the runtime in the engines' configuration files.
const Runtime = "/usr/local/bin/fsrun"

// RuntimeVariable is the environment variable for another runtime to install at [Runtime],
// for comparison.
const RuntimeVariable = "ENGINES_RUNTIME"

// Main runs the tests of one engine after prepare has configured and started it. Outside
// the guest it does not prepare anything, and [Need] skips every test.
func Main(m *testing.M, prepare func() error) {
	if harness.Guest() {
		if err := install(); err != nil {
			fmt.Fprintln(os.Stderr, "engine:", err)
			os.Exit(1)
		}
		if err := prepare(); err != nil {
			fmt.Fprintln(os.Stderr, "engine:", err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// Need skips the test outside the guest, where engines are in use by others.
func Need(t testing.TB) {
	t.Helper()
	if !harness.Guest() {
		t.Skip("needs a guest with the engine: go run ./internal/engines")
	}
}

func install() error {
	target := "/bin/fsrun"
	if other := os.Getenv(RuntimeVariable); other != "" {
		found, err := exec.LookPath(other)
		if err != nil {
			return err
		}
		target = found
	}
	return errors.Join(os.MkdirAll(filepath.Dir(Runtime), 0o755), os.Symlink(target, Runtime))
}

// Configure installs a configuration file from the test's own testdata.
func Configure(name, place string) error {
	content, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
		return err
	}
	return os.WriteFile(place, content, 0o644)
}
