package main

import (
	"errors"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func deleteCommand(g *global) *cli.Command {
	var force bool
	return &cli.Command{
		Name: "delete", Arguments: "CONTAINER", Least: 1, Most: 1,
		Elsewhere: []string{"rm", "remove", "destroy"},
		Short:     "remove what is left of a container",
		Long: `The container must be stopped, or be what a killed create or run left behind. A
poststop hook that fails causes a warning.`,
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVarP(&force, "force", "f", false, "kill the container if it is not stopped; one that does not exist is no error")
		},
		Run: func(operands []string) (int, error) {
			return 0, warnOfPoststop(parent.Delete(g.root, operands[0], force), g.warn)
		},
	}
}

// warnOfPoststop makes the failures of poststop hooks, of all errors of a deletion, warnings.
func warnOfPoststop(err error, warn func(string)) error {
	var poststop *parent.PoststopError
	if !errors.As(err, &poststop) {
		return err
	}
	for _, failure := range poststop.Failures {
		warn(failure.Error())
	}
	return nil
}
