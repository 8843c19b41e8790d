package main

import (
	"debug/elf"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/sys/boot"
)

// Names of contestants. Ours is first in the order of the first round.
const (
	ours  = "fsrun"
	floor = "floor"
)

// contestant is a runtime to be measured.
type contestant struct {
	name    string
	program string
	version string
	size    int64  // bytes, including the shared libraries it is linked with
	peak    int64  // resident memory of its largest process in a run, in bytes
	root    string // its state directory
}

// runtimes lists the peers to look for.
var runtimes = []string{"crun", "runc"}

//go:embed floor/floor.c
var floorSource string

// contestants finds the contestants. A peer that was asked for by name must exist.
func (b *bench) contestants() ([]*contestant, error) {
	fsrun, err := b.ourselves()
	if err != nil {
		return nil, err
	}
	found := []*contestant{{name: ours, program: fsrun}}
	for _, name := range append([]string{floor}, runtimes...) {
		asked := slices.Contains(b.options.peers, name)
		if len(b.options.peers) > 0 && !asked {
			continue
		}
		program, err := exec.LookPath(name)
		if name == floor {
			program, err = b.compileFloor()
		}
		if errors.Is(err, exec.ErrNotFound) && !asked {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("peer %s: %w", name, err)
		}
		found = append(found, &contestant{name: name, program: program})
	}
	for _, c := range found {
		if err := c.describe(stateMount + "/bench-" + c.name); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// ourselves installs the fsrun to be measured and returns its path.
func (b *bench) ourselves() (string, error) {
	program := b.scratch.path("fsrun")
	if b.options.fsrun != "" {
		return program, install(b.options.fsrun, program)
	}
	built := b.scratch.path("fsrun.built")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w "+boot.Link, "-o", built, "github.com/fsrun/fsrun/cmd/fsrun")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if output, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%v: %w\n%s", build, err, output)
	}
	return program, install(built, program)
}

// install copies a program as an installation does. A linker writes its output page by
// page, and the kernel caches it that way. What is written at once is cached in larger
// pieces, and mapping those takes an eighth less of a run's processor time.
func install(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o755)
}

func (b *bench) compileFloor() (string, error) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		return "", err
	}
	source, program := b.scratch.path("floor.c"), b.scratch.path("floor")
	if err := os.WriteFile(source, []byte(floorSource), 0o644); err != nil {
		return "", err
	}
	output, err := exec.Command(compiler, "-O2", "-static", "-Wall", "-o", program, source).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, output)
	}
	return program, nil
}

// describe fills in the version and the size.
func (c *contestant) describe(root string) error {
	c.root = root
	if err := os.MkdirAll(root, 0o700); err != nil {
		return err
	}
	var err error
	if c.size, err = size(c.program); err != nil {
		return err
	}
	if c.name == floor {
		return nil
	}
	output, err := exec.Command(c.program, "--version").CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s --version: %w\n%s", c.program, err, output)
	}
	c.version, _, _ = strings.Cut(string(output), "\n")
	return nil
}

// size returns the size of a program including the shared libraries that it is linked with.
func size(program string) (int64, error) {
	info, err := os.Stat(program)
	if err != nil {
		return 0, err
	}
	total := info.Size()
	file, err := elf.Open(program)
	if err != nil {
		return 0, err
	}
	defer file.Close()
	if libraries, err := file.ImportedLibraries(); err != nil || len(libraries) == 0 {
		return total, err
	}
	listed, err := exec.Command("ldd", program).Output()
	if err != nil {
		return 0, fmt.Errorf("ldd %s: %w", program, err)
	}
	for line := range strings.Lines(string(listed)) {
		fields := strings.Fields(line)
		if len(fields) < 3 || fields[1] != "=>" {
			continue
		}
		library, err := os.Stat(fields[2])
		if err != nil {
			return 0, err
		}
		total += library.Size()
	}
	return total, nil
}

// command returns a command line of the runtime. It is not for the floor, which does only
// one thing.
func (c *contestant) command(arguments ...string) []string {
	return append([]string{c.program, "--root", c.root}, arguments...)
}

// run returns the command line for a container's whole life.
func (c *contestant) run(bundle, id string) []string {
	if c.name == floor {
		return []string{c.program, bundle + "/rootfs", exitProgram, cgroupMount + "/" + id}
	}
	return c.command("run", "--bundle", bundle, id)
}
