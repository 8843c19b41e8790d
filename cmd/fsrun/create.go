package main

import (
	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func createCommand(g *global) *cli.Command {
	c := &creation{}
	return &cli.Command{
		Name: "create", Arguments: "CONTAINER", Least: 1, Most: 1,
		Short: "create a container whose program waits for start",
		Long: `Everything is prepared and limits are in force when create returns; the
program itself is executed by start. A container with a terminal needs
--console-socket.`,
		Examples: []cli.Example{{Line: "fsrun create --bundle /srv/web web", Meaning: "create the container web; fsrun start web runs it"}},
		Flags:    c.flags,
		Run: func(operands []string) (int, error) {
			options, err := c.options(g, operands[0])
			if err != nil {
				return 0, err
			}
			_, err = parent.Create(options)
			return 0, err
		},
	}
}
