package main

import (
	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func restoreCommand(g *global) *cli.Command {
	i, c := &images{}, &creation{}
	var detach, keep, noSubreaper bool
	return &cli.Command{
		Name: "restore", Arguments: "CONTAINER", Least: 1, Most: 1, Available: checkCRIU,
		Short: "restore what checkpoint wrote, as a new container",
		Long: `The bundle must be the one that the container had, with its root file system; it
gives the limits and the cgroup's path. In the foreground fsrun waits for the
program, as run does. The network namespace is new and empty, or the one that
the bundle names: connections survive if that one has their addresses.`,
		Examples: []cli.Example{{Line: "fsrun restore -d --image-path /var/tmp/web --bundle /srv/web web", Meaning: "restore the container web, in the background"}},
		Flags: func(flags *pflag.FlagSet) {
			i.flags(flags)
			flags.StringVarP(&c.bundle, "bundle", "b", ".", "use the bundle in `DIRECTORY`")
			flags.StringVar(&c.consoleSocket, "console-socket", "", "accepted for compatibility, `SOCKET` is not used: checkpoint refuses terminals")
			flags.StringVar(&c.pidFile, "pid-file", "", "write the process id of the container's init to `FILE`")
			flags.StringVar(&c.pidfdSocket, "pidfd-socket", "", "send a pidfd of the container's init to the unix socket `SOCKET`")
			flags.BoolVar(&c.noPivot, "no-pivot", false, "accepted for compatibility: CRIU makes the root")
			flags.BoolVarP(&detach, "detach", "d", false, "do not wait for the program")
			flags.BoolVar(&keep, "keep", false, "do not delete the container when its program exits")
			flags.BoolVar(&noSubreaper, "no-subreaper", false, "accepted for compatibility: fsrun never makes itself a subreaper")
		},
		Run: func(operands []string) (int, error) {
			from, err := i.options()
			if err != nil {
				return 0, err
			}
			options, err := c.options(g, operands[0])
			if err != nil {
				return 0, err
			}
			options.Activation = parent.Activation{} // the program keeps what it had
			if detach {
				_, err = parent.Restore(options, from)
				return 0, err
			}
			return startAndWait(options, keep, func(func(int) error) (*parent.Running, error) { return parent.Restore(options, from) })
		},
	}
}
