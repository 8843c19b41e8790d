package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/wire"
)

// guestModule is the directory of the module in the guest.
const guestModule = "/src"

// killGrace is how many seconds more than its own time limit a test binary gets, to print
// its goroutines.
const killGrace = 20

// goPackage is a package as listed by go list.
type goPackage struct {
	ImportPath   string
	Dir          string
	TestGoFiles  []string
	XTestGoFiles []string
	Module       struct{ Path, Dir string }
}

func (p goPackage) hasTests() bool {
	return len(p.TestGoFiles)+len(p.XTestGoFiles) > 0
}

// guestDirectory returns the package's directory in the guest.
func (p goPackage) guestDirectory() (string, error) {
	relative, err := filepath.Rel(p.Module.Dir, p.Dir)
	if err != nil || !filepath.IsLocal(relative) {
		return "", fmt.Errorf("package %s is not below its module's directory", p.ImportPath)
	}
	return filepath.Join(guestModule, relative), nil
}

// listPackages returns the packages with tests that match the patterns.
func listPackages(ctx context.Context, patterns []string) ([]goPackage, error) {
	if len(patterns) == 0 {
		return nil, nil
	}
	output, err := goCommand(ctx, append([]string{"list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,Module"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var packages []goPackage
	for decoder := json.NewDecoder(bytes.NewReader(output)); ; {
		var found goPackage
		if err := decoder.Decode(&found); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("go list: %w", err)
		}
		if found.hasTests() {
			packages = append(packages, found)
		}
	}
}

// moduleOf returns the directory and the path of the current module.
func moduleOf(ctx context.Context) (directory, name string, err error) {
	listed, err := goCommand(ctx, "list", "-m", "-f", "{{.Dir}}\n{{.Path}}")
	if err != nil {
		return "", "", err
	}
	directory, name, _ = strings.Cut(string(bytes.TrimSpace(listed)), "\n")
	return directory, name, nil
}

// buildFailure is a package that does not build.
type buildFailure struct {
	name string
	err  error
}

// buildTests builds the package's test binary without cgo, and without symbols, which would
// only take up the guest's memory.
func buildTests(ctx context.Context, found goPackage, output string) error {
	_, err := goCommand(ctx, "test", "-c", "-ldflags=-s -w", "-o", output, found.ImportPath)
	return err
}

// build builds the main package at the module-relative path, with additional linker flags.
func build(ctx context.Context, module, path, output, linked string) error {
	_, err := goCommand(ctx, "build", "-ldflags=-s -w "+linked, "-o", output, module+"/"+path)
	return err
}

// testUnit returns the unit that runs the package's tests in the guest.
func testUnit(o options, found goPackage, binary string) (wire.Unit, error) {
	directory, err := found.guestDirectory()
	if err != nil {
		return wire.Unit{}, err
	}
	return wire.Unit{
		Name:      found.ImportPath,
		Directory: directory,
		Command: append([]string{
			binary,
			"-test.v=test2json",
			"-test.paniconexit0",
			"-test.run=" + o.run,
			"-test.count=" + strconv.Itoa(o.count),
			"-test.timeout=" + o.unitTimeout.String(),
		}, o.arguments...),
		Environment:    o.environment,
		TimeoutSeconds: int(o.unitTimeout.Seconds()) + killGrace,
	}, nil
}

func goCommand(ctx context.Context, arguments ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "go", arguments...)
	command.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	var complaint bytes.Buffer
	command.Stderr = &complaint
	output, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", strings.Join(arguments, " "), err, &complaint)
	}
	return output, nil
}
