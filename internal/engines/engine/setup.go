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

// Runtime is where the engines' configuration files say that the runtime is.
const Runtime = "/usr/local/bin/fsrun"

// RuntimeVariable names another runtime to put at [Runtime], to compare with.
const RuntimeVariable = "ENGINES_RUNTIME"

// Main runs the tests of one engine, once prepare has configured and started it.
// Outside the guest nothing is prepared, and [Need] skips every test.
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

// Need skips the test outside the guest, where engines belong to somebody else.
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

// Configure copies a configuration file of the test's own testdata to its place.
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
