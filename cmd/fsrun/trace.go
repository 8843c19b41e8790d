package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/internal/recording/draw"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
)

// tables are needed to read recordings.
var tables = recording.Tables{Parent: parentmachine.Table, Child: childmachine.Table}

func traceCommand(g *global) *cli.Command {
	var asJSON bool
	var perfetto string
	var slowest int
	return &cli.Command{
		Name: "trace", Arguments: "CONTAINER|FILE", Least: 1, Most: 1,
		Elsewhere: []string{"profile"},
		Short:     "draw the handshake that made a container, or one in a file",
		Long: `A container's last handshake is kept until the container is deleted: which state
each side was in and for how long, the frames between them, and how long each
operation of the plan took; no arguments and no environment. --trace FILE of
create, start, run, exec and wrap records a handshake that fails, too. In idle
the parent reads the bundle and plans; a time after ~ is not measured but
follows from the frames. FILE may be -, for standard input.`,
		Examples: []cli.Example{
			{Line: "fsrun trace web", Meaning: "draw how the container web was made"},
			{Line: "fsrun trace --perfetto web.json web", Meaning: "write that for https://ui.perfetto.dev"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&asJSON, "json", false, "print the states, frames and operations as JSON")
			flags.StringVar(&perfetto, "perfetto", "", "write a trace to `FILE` instead, for Perfetto and chrome://tracing")
			flags.IntVar(&slowest, "slowest", 8, "list the `COUNT` slowest steps")
		},
		Run: func(operands []string) (int, error) {
			found, err := g.recordings(operands[0])
			switch {
			case err != nil:
				return 0, err
			case slowest < 0:
				return 0, fmt.Errorf("--slowest %d: allowed: 0 or more", slowest)
			case perfetto != "":
				return 0, writeTrace(perfetto, found)
			case asJSON:
				return 0, writeJSON(os.Stdout, tracesOf(found))
			}
			for i, one := range found {
				if i > 0 {
					fmt.Println()
				}
				options := draw.Options{Style: style.Of(os.Stdout), Width: style.Width(os.Stdout), Slowest: slowest, Parent: parentmachine.Table.Name}
				if err := draw.Timeline(os.Stdout, tables.Timeline(one), options); err != nil {
					return 0, err
				}
			}
			return 0, nil
		},
	}
}

// recordings returns those of a container, or of a file if there is no such container.
func (g *global) recordings(operand string) ([]*recording.Recording, error) {
	if operand == "-" {
		return recording.Read(os.Stdin)
	}
	if strings.ContainsRune(operand, '/') {
		return readRecordings(operand)
	}
	found, err := parent.Recordings(g.root, operand)
	if errors.Is(err, state.ErrNotExist) {
		if _, missing := os.Stat(operand); missing == nil {
			return readRecordings(operand)
		}
		return nil, fmt.Errorf("%w, and there is no such file", err)
	}
	if err == nil && len(found) == 0 {
		err = fmt.Errorf("container %q has no recording of its handshake: it is still being created", operand)
	}
	return found, err
}

func readRecordings(name string) ([]*recording.Recording, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	found, err := recording.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return found, nil
}

func writeTrace(name string, all []*recording.Recording) error {
	content := tables.EncodeTrace(all...)
	if name == "-" {
		_, err := os.Stdout.Write(content)
		return err
	}
	return os.WriteFile(name, content, 0o644) //nolint:gosec // it is redacted, and for people
}
