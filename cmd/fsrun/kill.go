package main

import (
	"fmt"
	"strconv"
	"strings"

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
TERM. If the container has no pid namespace of its own, KILL goes to every
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

// maxSignal is SIGRTMAX (signal(7)).
const maxSignal = 64

func parseSignal(text string) (unix.Signal, error) {
	if number, err := strconv.ParseUint(text, 10, 8); err == nil && number >= 1 && number <= maxSignal {
		return unix.Signal(number), nil
	}
	name := strings.ToUpper(text)
	if signal := unix.SignalNum("SIG" + strings.TrimPrefix(name, "SIG")); signal != 0 {
		return signal, nil
	}
	return 0, fmt.Errorf("kill: unknown signal %q; allowed: a name of signal(7) with or without SIG, or a number from 1 to %d", text, maxSignal)
}
