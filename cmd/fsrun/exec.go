package main

import (
	"errors"

	specs "github.com/opencontainers/runtime-spec/specs-go"
	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

// execFailure is the exit status if no program ran.
const execFailure = 255

func execCommand(g *global) *cli.Command {
	e := &execution{}
	return &cli.Command{
		Name: "exec", Arguments: "CONTAINER [PROGRAM [ARGUMENT...]]",
		Elsewhere: []string{"attach", "enter", "shell"},
		Least:     1, Most: cli.Unlimited, TakesProgram: true, Operands: 1,
		Short: "run another program in a running container",
		Long: `The process is like the container's own, without its terminal, or like the one
in the file that --process names; flags and PROGRAM override that. The exit
status is the program's, or 128 plus the number of the signal that killed it;
255 means that no program ran. Flags may stand before or after CONTAINER; from
PROGRAM on, everything is the program's.`,
		Examples: []cli.Example{
			{Line: "fsrun exec web ls -l /", Meaning: "list the container's root"},
			{Line: "fsrun exec -t web sh", Meaning: "a shell on a terminal"},
		},
		Flags: e.flags, FailureStatus: execFailure,
		Run: func(operands []string) (int, error) { return e.run(g, operands[0], operands[1:]) },
	}
}

// execution holds the flags of exec.
type execution struct {
	changes       processChanges
	processFile   string
	consoleSocket string
	pidFile       string
	detach        bool
	ignorePaused  bool
	preserved     int
	handshake     handshakeFlags

	cgroup, pidfdSocket string
}

func (e *execution) flags(flags *pflag.FlagSet) {
	e.changes.register(flags)
	flags.StringVarP(&e.processFile, "process", "p", "", "read the process from `FILE`, as JSON like process in config.json (-: standard input)")
	flags.BoolVarP(&e.detach, "detach", "d", false, "do not wait for the program")
	flags.StringVar(&e.consoleSocket, "console-socket", "", "send the master of the process's terminal to the unix socket `SOCKET`")
	flags.StringVar(&e.pidFile, "pid-file", "", "write the process id to `FILE`")
	flags.IntVar(&e.preserved, "preserve-fds", 0, "pass `COUNT` descriptors, from 3 on, to the program")
	flags.BoolVar(&e.ignorePaused, "ignore-paused", false, "join a paused container; the program runs once it is resumed")
	flags.StringVar(&e.cgroup, "cgroup", "", "join the group at `PATH` beneath the container's cgroup")
	flags.StringVar(&e.pidfdSocket, "pidfd-socket", "", "send a pidfd of the process to the unix socket `SOCKET`")
	e.handshake.register(flags)
}

func (e *execution) run(g *global, id string, command []string) (int, error) {
	if err := checkPreserved(e.preserved, 0); err != nil {
		return 0, err
	}
	derive, err := e.deriving(g, command)
	if err != nil {
		return 0, err
	}
	options := parent.ExecOptions{
		StateRoot: g.root, ID: id, Derive: derive,
		ConsoleSocket: e.consoleSocket, PIDFile: e.pidFile, PIDFDSocket: e.pidfdSocket, Cgroup: e.cgroup,
		PreservedFDs: e.preserved, Stdio: standard, IgnorePaused: e.ignorePaused,
		Handshake: g.handshake(&e.handshake),
	}
	if e.detach {
		_, err := parent.Exec(options)
		return 0, err
	}
	ended, err := inForeground(false, func(console func(int) error) (*parent.Running, error) {
		if options.ConsoleSocket == "" {
			options.OnConsole = console
		}
		return parent.Exec(options)
	})
	if ended == nil {
		return 0, err
	}
	return exitStatus(*ended), err
}

// deriving returns what makes the process: of the container's own or of that of a file,
// modified by the flags.
func (e *execution) deriving(g *global, command []string) (func(own *specs.Process) (*specs.Process, error), error) {
	switch {
	case e.processFile != "" && len(command) > 0:
		return nil, errors.New("exec: PROGRAM and --process are both given; allowed: one of them")
	case e.processFile != "":
		return e.derivingFile(g)
	case len(command) == 0:
		return nil, errors.New("exec: PROGRAM is missing; give it, or --process")
	}
	return func(own *specs.Process) (*specs.Process, error) {
		own.Args = command
		return own, e.changes.apply(own)
	}, nil
}

// derivingFile reads the process of a file, which is then confined like the container's own.
func (e *execution) derivingFile(g *global) (func(own *specs.Process) (*specs.Process, error), error) {
	process, warnings, err := readProcess(e.processFile)
	if err != nil {
		return nil, err
	}
	for _, warning := range warnings {
		g.warn(warning)
	}
	return func(own *specs.Process) (*specs.Process, error) {
		confine(process, own)
		return process, e.changes.apply(process)
	}, nil
}
