package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// roomsPath is where the rooms are, and the modules of tools in them.
const roomsPath = "internal/engines"

// buildTools builds the engine's tools into a directory and returns their paths.
func buildTools(ctx context.Context, e engine, directory string) ([]string, error) {
	if e.tools == "" {
		return nil, nil
	}
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m: %w", err)
	}
	module := filepath.Join(string(bytes.TrimSpace(root)), roomsPath, e.room, e.tools)
	command := exec.CommandContext(ctx, "go", "build", "-C", module, "-ldflags", "-s -w", "-o", directory+"/", "tool")
	command.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%v: %w\n%s", command, err, output)
	}
	return filepath.Glob(filepath.Join(directory, "*"))
}
