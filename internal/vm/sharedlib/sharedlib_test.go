package sharedlib

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestClosureOfADynamicProgram(t *testing.T) {
	paths, err := Closure("/bin/sh")
	if err != nil {
		t.Fatal(err)
	}
	joined := strings.Join(paths, " ")
	for _, want := range []string{"/ld-linux", "/libc.so"} {
		if !strings.Contains(joined, want) {
			t.Errorf("Closure(/bin/sh) = %v, want a path with %s", paths, want)
		}
	}
}

func TestClosureOfAStaticProgram(t *testing.T) {
	program := filepath.Join(t.TempDir(), "static")
	build := exec.Command("go", "build", "-o", program, "github.com/fsrun/fsrun/internal/vm/guestinit")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, output)
	}
	paths, err := Closure(program)
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 0 {
		t.Errorf("Closure of a static program = %v, want none", paths)
	}
}

func TestClosureRefusesWhatIsNoProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Closure(path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Closure gave %v, want an error naming %s", err, path)
	}
}
