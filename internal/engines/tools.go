package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/fsrun/fsrun/internal/checkout"
)

// enginesPath is the directory of the packages with the tests, and of the modules with
// tools.
const enginesPath = "internal/engines"

// buildTools builds the engine's tools in a directory and returns their paths.
func buildTools(ctx context.Context, e engine, directory string) ([]string, error) {
	if e.tools == "" {
		return nil, nil
	}
	root, err := checkout.Directory()
	if err != nil {
		return nil, err
	}
	module := filepath.Join(root, enginesPath, e.directory, e.tools)
	command := exec.CommandContext(ctx, "go", "build", "-C", module, "-ldflags", "-s -w", "-o", directory+"/", "tool")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", command, err, output)
	}
	return filepath.Glob(filepath.Join(directory, "*"))
}
