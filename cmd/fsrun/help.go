package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
)

func helpCommand(g *global) *cli.Command {
	return &cli.Command{
		Name: "help", Arguments: "[COMMAND]", Most: 1,
		Short: "tell about fsrun, or about a command",
		Run: func(operands []string) (int, error) {
			p := program(g)
			if len(operands) == 0 {
				return 0, p.Help(os.Stdout, nil, helpWidth())
			}
			command := p.Find(operands[0])
			if command == nil {
				return 0, fmt.Errorf("help: unknown command %q; allowed: %s", operands[0], strings.Join(p.Names(), ", "))
			}
			if err := command.Have(); err != nil {
				return 0, err
			}
			return 0, p.Help(os.Stdout, command, helpWidth())
		},
	}
}

// widestHelp is how long a line of prose may be and be read with ease.
const widestHelp = 100

func helpWidth() int { return min(style.Width(os.Stdout), widestHelp) }
