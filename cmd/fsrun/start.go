package main

import (
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func startCommand(g *global) *cli.Command {
	var wishes handshakeFlags
	return &cli.Command{
		Name: "start", Arguments: "CONTAINER", Least: 1, Most: 1,
		Short: "run the program of a created container",
		Flags: wishes.register,
		Run: func(operands []string) (int, error) {
			return 0, parent.Start(g.root, operands[0], g.handshake(&wishes))
		},
	}
}
