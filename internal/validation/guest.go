package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/fsrun/fsrun/internal/sys/boot"
)

const (
	suiteModule    = "github.com/opencontainers/runtime-tools"
	suiteDirectory = "internal/validation/suite"

	// place is the directory for everything in the guest.
	place = "/opt/validation"

	runtimeName = "fsrun"
	runnerName  = "runner"
)

// runInGuest builds everything and runs it in the guest.
func runInGuest(ctx context.Context, pattern string, verbose bool) (int, error) {
	directory, err := os.MkdirTemp("", "fsrun-validation")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(directory)
	if err := assemble(ctx, directory); err != nil {
		return 0, err
	}
	arguments := []string{"run", "./internal/vm"}
	entries, err := os.ReadDir(directory)
	if err != nil {
		return 0, err
	}
	for _, entry := range entries {
		arguments = append(arguments, "-file", filepath.Join(directory, entry.Name())+":"+place+"/"+entry.Name())
	}
	arguments = append(arguments, "--", place+"/"+runnerName, "-inside", place, "-run", pattern, fmt.Sprintf("-v=%t", verbose))
	guest := exec.CommandContext(ctx, "go", arguments...)
	guest.Stdout, guest.Stderr = os.Stdout, os.Stderr
	err = guest.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return statusFailed, nil
	}
	return 0, err
}

// assemble builds the programs, fsrun and the runner, and adds the root file system that
// the programs unpack.
func assemble(ctx context.Context, directory string) error {
	for _, build := range []struct{ in, output, what, linked string }{
		{suiteDirectory, directory + "/", "tool", ""},
		{".", filepath.Join(directory, runtimeName), "./cmd/fsrun", boot.Link},
		{".", filepath.Join(directory, runnerName), "./internal/validation", ""},
	} {
		command := exec.CommandContext(ctx, "go", "build", "-C", build.in, "-ldflags", "-s -w "+build.linked, "-o", build.output, build.what)
		command.Env = append(os.Environ(), "CGO_ENABLED=0")
		if output, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%v: %w\n%s", command, err, output)
		}
	}
	command := exec.CommandContext(ctx, "go", "list", "-C", suiteDirectory, "-m", "-f", "{{.Dir}}", suiteModule)
	module, err := command.Output()
	if err != nil {
		return fmt.Errorf("%v: %w", command, err)
	}
	archive := fmt.Sprintf("rootfs-%s.tar.gz", runtime.GOARCH)
	return decompress(filepath.Join(strings.TrimSpace(string(module)), archive), filepath.Join(directory, archive))
}

// decompress decompresses an archive but keeps its name: the guest's tar(1) does not detect
// compression, as the programs expect.
func decompress(from, to string) error {
	source, err := os.Open(from)
	if err != nil {
		return err
	}
	defer source.Close()
	archive, err := gzip.NewReader(source)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(archive)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
