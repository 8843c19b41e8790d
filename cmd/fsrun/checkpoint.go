package main

import (
	"path/filepath"
	"sync"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
	"github.com/fsrun/fsrun/parent/criu"
)

// checkCRIU checks only once: it takes a while, and two commands need it.
var checkCRIU = sync.OnceValue(criu.Check)

// images holds the flags shared by checkpoint and restore.
type images struct{ parent.CheckpointOptions }

func (i *images) flags(flags *pflag.FlagSet) {
	flags.StringVar(&i.Images, "image-path", "checkpoint", "use the image files in `DIRECTORY`")
	flags.StringVar(&i.Work, "work-path", "", "write CRIU's log to `DIRECTORY` (default: that of --image-path)")
	flags.BoolVar(&i.TCPEstablished, "tcp-established", false, "keep open TCP connections")
	flags.BoolVar(&i.UnixSockets, "ext-unix-sk", false, "keep unix sockets whose other end is outside, as unconnected ones")
	flags.BoolVar(&i.ShellJob, "shell-job", false, "keep a session whose leader is outside")
	flags.BoolVar(&i.FileLocks, "file-locks", false, "keep file locks")
	mode := ""
	flags.Var(cli.Choice(&mode, "soft", "soft", "full", "strict", "ignore"), "manage-cgroups-mode", "accepted for compatibility: fsrun makes the cgroup itself, with the bundle's limits; `MODE` is soft, full, strict or ignore")
}

// options returns the options with absolute paths.
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
		Long: `The container ends, unless --leave-running is given. Its root file system is not
written: keep it together with the files. A container is refused that has a
terminal, a user namespace, or a namespace shared with others, other than the
network namespace.`,
		Examples: []cli.Example{{Line: "fsrun checkpoint --image-path /var/tmp/web web", Meaning: "write the container web to files and end it"}},
		Flags: func(flags *pflag.FlagSet) {
			i.flags(flags)
			flags.BoolVar(&i.LeaveRunning, "leave-running", false, "leave the container running")
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
