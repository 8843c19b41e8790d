package harness

import (
	"os"
	"testing"

	"github.com/fsrun/fsrun/internal/tinyprogram"
)

// ExitProgram writes a program that needs next to nothing and succeeds (package
// tinyprogram).
func ExitProgram(t testing.TB, name string) {
	t.Helper()
	must(t, os.WriteFile(name, tinyprogram.Exit(0), 0o755))
}

// PauseProgram writes one that needs as little but never ends.
func PauseProgram(t testing.TB, name string) {
	t.Helper()
	must(t, os.WriteFile(name, tinyprogram.Pause(), 0o755))
}
