package main

import (
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func pauseCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "pause", Arguments: "CONTAINER", Least: 1, Most: 1,
		Elsewhere: []string{"freeze", "suspend"},
		Short:     "suspend a container until it is resumed",
		Run:       func(operands []string) (int, error) { return 0, parent.Pause(g.root, operands[0]) },
	}
}

func resumeCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "resume", Arguments: "CONTAINER", Least: 1, Most: 1,
		Elsewhere: []string{"continue", "thaw", "unfreeze", "unpause"},
		Short:     "continue a paused container",
		Run:       func(operands []string) (int, error) { return 0, parent.Resume(g.root, operands[0]) },
	}
}
