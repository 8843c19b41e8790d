package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/completion"
	"github.com/fsrun/fsrun/internal/cli/manual"
)

func completionCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "completion", Arguments: "SHELL", Least: 1, Most: 1,
		Short: "print the script by which a shell completes command lines: " + strings.Join(completion.Shells(), ", "),
		Examples: []cli.Example{
			{Line: "source <(fsrun completion bash)", Meaning: "complete in this shell"},
			{Line: "fsrun completion bash > /usr/share/bash-completion/completions/fsrun", Meaning: "complete in all of them"},
		},
		Run: func(operands []string) (int, error) {
			script, err := completion.Script(operands[0], program(g))
			if err == nil {
				_, err = os.Stdout.WriteString(script)
			}
			return 0, err
		},
	}
}

func manCommand(g *global) *cli.Command {
	var directory string
	return &cli.Command{
		Name: "man", Arguments: "[COMMAND]", Most: 1,
		Short: "print the manual page of fsrun, or of a command, for man(1)",
		Examples: []cli.Example{
			{Line: "fsrun man run | man -l -", Meaning: "read a page"},
			{Line: "fsrun man --directory /usr/local/share/man/man8", Meaning: "install all pages"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.StringVar(&directory, "directory", "", "write all pages into `DIRECTORY` instead")
		},
		Run: func(operands []string) (int, error) {
			p := program(g)
			if directory != "" {
				return 0, writeManual(p, directory)
			}
			var command *cli.Command
			if len(operands) > 0 {
				if command = p.Find(operands[0]); command == nil {
					return 0, errors.New("man: unknown command " + operands[0] + "; allowed: " + strings.Join(p.Names(), ", "))
				}
			}
			_, err := os.Stdout.WriteString(manual.Page(p, command, thisBuild().version))
			return 0, err
		},
	}
}

// writeManual writes a page for the program and for each command.
func writeManual(p *cli.Program, directory string) error {
	for _, command := range append([]*cli.Command{nil}, p.Commands...) {
		name := filepath.Join(directory, manual.Name(p, command)+".8")
		if err := os.WriteFile(name, []byte(manual.Page(p, command, thisBuild().version)), 0o644); err != nil { //nolint:gosec // for everybody
			return err
		}
	}
	return nil
}

// statuses are the exit statuses, which do not change from version to version.
func statuses() []cli.Status {
	return []cli.Status{
		{Value: "0", Meaning: "success, or the program's own"},
		{Value: "1", Meaning: "fsrun failed, and said why; of plan, doctor and replay: something does not hold"},
		{Value: "124", Meaning: "wrap: the program took longer than --time allows"},
		{Value: "255", Meaning: "exec: fsrun failed before the program was executed"},
		{Value: "128+N", Meaning: "run, exec and wrap: signal N killed the program"},
		{Value: "other", Meaning: "run, exec and wrap: the program's own"},
	}
}
