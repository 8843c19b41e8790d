package main

import (
	"os"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
)

func helpCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "help", Arguments: "[COMMAND|TOPIC]", Most: 1,
		Short: "explain fsrun, a command or a topic",
		Run: func(operands []string) (int, error) {
			p := program(g)
			if len(operands) == 0 {
				return 0, p.Help(os.Stdout, nil, helpWidth())
			}
			return 0, p.HelpOn(os.Stdout, operands[0], helpWidth())
		},
	}
}

// widestHelp is the longest line of prose that is still easy to read.
const widestHelp = 100

func helpWidth() int { return min(style.Width(os.Stdout), widestHelp) }
