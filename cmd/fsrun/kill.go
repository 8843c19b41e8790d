package main

import (
	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func killCommand(g *global) *cli.Command {
	var all bool
	return &cli.Command{
		Name: "kill", Arguments: "CONTAINER [SIGNAL]", Least: 1, Most: 2,
		Elsewhere: []string{"stop", "signal", "terminate"},
		Short:     "send a signal to a container's init",
		Long: `The signal is a name, with or without SIG, or a number; without one it is
TERM. RTMIN+3 and RTMAX-1 are names, too, and 0 only asks whether the container
runs. If the container has no pid namespace of its own, KILL goes to every
process in the container's cgroup.`,
		Examples: []cli.Example{{Line: "fsrun kill web KILL", Meaning: "end the container web"}},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVarP(&all, "all", "a", false, "send it to every process of the container")
		},
		Run: func(operands []string) (int, error) {
			signal := unix.SIGTERM
			if len(operands) > 1 {
				var err error
				if signal, err = parseSignal(operands[1]); err != nil {
					return 0, err
				}
			}
			return 0, parent.Kill(g.root, operands[0], signal, all)
		},
	}
}
