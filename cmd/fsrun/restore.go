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
		Short: "bring back what checkpoint has written, as a new container",
		Long: `The bundle is the one that the container had, with its root file system; limits
and the place of the cgroup are the bundle's. In the foreground fsrun waits for
the program, as run does. Network namespaces come back empty, or as the bundle
names them: connections survive where the bundle names a namespace that has
their addresses.`,
		Examples: []cli.Example{{Line: "fsrun restore -d --image-path /var/tmp/web --bundle /srv/web web", Meaning: "bring the container web back, in the background"}},
		Flags: func(flags *pflag.FlagSet) {
			i.flags(flags)
			flags.StringVarP(&c.bundle, "bundle", "b", ".", "take the bundle in `DIRECTORY`")
			flags.StringVar(&c.consoleSocket, "console-socket", "", "taken for compatibility: no container with a terminal is written; `SOCKET`")
			flags.StringVar(&c.pidFile, "pid-file", "", "write the process id of the container's init to `FILE`")
			flags.StringVar(&c.pidfdSocket, "pidfd-socket", "", "send a pidfd of the container's init to the unix socket `SOCKET`")
			flags.BoolVar(&c.noPivot, "no-pivot", false, "taken for compatibility: CRIU makes the root")
			flags.BoolVarP(&detach, "detach", "d", false, "do not wait for the program")
			flags.BoolVar(&keep, "keep", false, "do not delete the container when its program has ended")
			flags.BoolVar(&noSubreaper, "no-subreaper", false, "taken for compatibility: fsrun never makes itself a reaper of other processes")
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
			options.Activation = parent.Activation{} // the program has what it had
			if detach {
				_, err = parent.Restore(options, from)
				return 0, err
			}
			return untilItsEnd(options, keep, func(func(int) error) (*parent.Running, error) { return parent.Restore(options, from) })
		},
	}
}
