package main

import (
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent/preflight"
)

// examined is the result of doctor.
type examined struct {
	Version string            `json:"version"`
	Able    bool              `json:"able"`
	Checks  []preflight.Check `json:"checks"`
}

func doctorCommand(g *global) *cli.Command {
	var asJSON bool
	return &cli.Command{
		Name:      "doctor",
		Elsewhere: []string{"check", "diagnose"},
		Short:     "check what this machine can do for containers, and how to get what it lacks",
		Long: `✓ is there, ! is missing but needed by some bundles only, ✗ is missing and
needed by all, which makes the exit status 1. Nothing is changed.`,
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&asJSON, "json", false, "print as JSON")
		},
		Run: func([]string) (int, error) {
			found := examined{Version: thisBuild().version, Checks: preflight.Machine(g.root)}
			found.Able = !preflight.Failed(found.Checks)
			status := 0
			if !found.Able {
				status = 1
			}
			if asJSON {
				return status, writeJSON(os.Stdout, found)
			}
			s := style.Of(os.Stdout)
			writeChecks(os.Stdout, s, found.Checks, style.Width(os.Stdout))
			if !found.Able {
				fmt.Println(s.Bad("this machine cannot run containers as it is"))
			}
			return status, nil
		},
	}
}
