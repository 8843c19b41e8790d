package main

import (
	"path/filepath"
	"sync"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/criu"
)

// checkCRIU asks once: it takes a while, and two commands want to know.
var checkCRIU = sync.OnceValue(criu.Check)

// images holds the flags that checkpoint and restore share.
type images struct{ parent.CheckpointOptions }

func (i *images) flags(flags *pflag.FlagSet) {
	flags.StringVar(&i.Images, "image-path", "checkpoint", "keep the processes in `DIRECTORY`")
	flags.StringVar(&i.Work, "work-path", "", "keep CRIU's log in `DIRECTORY` (default: that of --image-path)")
	flags.BoolVar(&i.TCPEstablished, "tcp-established", false, "have open TCP connections survive")
	flags.BoolVar(&i.UnixSockets, "ext-unix-sk", false, "have unix sockets survive whose other end is outside, unconnected")
	flags.BoolVar(&i.ShellJob, "shell-job", false, "have a session survive whose leader is outside")
	flags.BoolVar(&i.FileLocks, "file-locks", false, "have locks on files survive")
	mode := ""
	flags.Var(cli.Choice(&mode, "soft", "soft", "full", "strict", "ignore"), "manage-cgroups-mode", "taken for compatibility: fsrun makes the cgroup itself, with the bundle's limits; `MODE` soft, full, strict or ignore")
}

// options are what the flags ask, with absolute paths.
func (i *images) options() (parent.CheckpointOptions, error) {
	asked := i.CheckpointOptions
	for _, path := range []*string{&asked.Images, &asked.Work} {
		if *path != "" {
			absolute, err := filepath.Abs(*path)
			if err != nil {
				return asked, err
			}
			*path = absolute
		}
	}
	return asked, nil
}

func checkpointCommand(g *global) *cli.Command {
	i := &images{}
	return &cli.Command{
		Name: "checkpoint", Arguments: "CONTAINER", Least: 1, Most: 1, Available: checkCRIU,
		Elsewhere: []string{"dump", "snapshot"},
		Short:     "write the processes of a container to files, with CRIU",
		Long: `The container ends, unless it is to be left running. Its root file system is not
written: keep it beside the files. One with a terminal, with a user namespace,
or with a namespace that it shares with others, but for the network, is refused.`,
		Examples: []cli.Example{{Line: "fsrun checkpoint --image-path /var/tmp/web web", Meaning: "write the container web, which ends"}},
		Flags: func(flags *pflag.FlagSet) {
			i.flags(flags)
			flags.BoolVar(&i.LeaveRunning, "leave-running", false, "have the container go on")
		},
		Run: func(operands []string) (int, error) {
			options, err := i.options()
			if err != nil {
				return 0, err
			}
			return 0, parent.Checkpoint(g.root, operands[0], options)
		},
	}
}
