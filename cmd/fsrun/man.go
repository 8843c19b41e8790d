package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/manual"
)

func manCommand(g *global) *cli.Command {
	var directory string
	return &cli.Command{
		Name: "man", Arguments: "[COMMAND]", Most: 1,
		Elsewhere: []string{"docs", "manual"},
		Short:     "print the manual page of fsrun, or of a command, for man(1)",
		Long: `There is a page for every command, even for one that does not work on this
machine: pages are often read on another machine than the one they are made on.`,
		Examples: []cli.Example{
			{Line: "fsrun man run | man -l -", Meaning: "read a page"},
			{Line: "fsrun man --directory /usr/local/share/man/man8", Meaning: "install all pages"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVar(&directory, "directory", "", "write all pages to `DIRECTORY` instead, and create it if needed")
		},
		Run: func(operands []string) (int, error) {
			p := program(g)
			if directory != "" {
				return 0, writeManual(p, directory)
			}
			var command *cli.Command
			if len(operands) > 0 {
				var err error
				if command, err = p.Named(operands[0]); err != nil {
					return 0, err
				}
			}
			_, err := os.Stdout.WriteString(manual.Page(p, command, thisBuild().version))
			return 0, err
		},
	}
}

// writeManual writes a page for the program and for each command.
func writeManual(p *cli.Program, directory string) error {
	if err := os.MkdirAll(directory, 0o755); err != nil { //nolint:gosec // for everybody
		return fmt.Errorf("--directory: %w", err)
	}
	for _, command := range append([]*cli.Command{nil}, p.Commands()...) {
		name := filepath.Join(directory, manual.Name(p, command)+".8")
		if err := os.WriteFile(name, []byte(manual.Page(p, command, thisBuild().version)), 0o644); err != nil { //nolint:gosec // for everybody
			return fmt.Errorf("--directory: %w", err)
		}
	}
	return nil
}
