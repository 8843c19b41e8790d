package main

import (
	"errors"
	"os"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/cli"
)

// program returns the command line as a table, from which help, completions and parsing are
// derived.
func program(g *global) *cli.Program {
	return &cli.Program{
		Name:  "fsrun",
		Short: "an OCI container runtime",
		Flags: g.flags, Statuses: statuses(),
		Groups: []cli.Group{
			{Title: "Run", Commands: []*cli.Command{
				wrapCommand(g), runCommand(g), execCommand(g),
			}},
			{Title: "Lifecycle", Commands: []*cli.Command{
				createCommand(g), startCommand(g), killCommand(g), pauseCommand(g), resumeCommand(g), updateCommand(g), deleteCommand(g),
				checkpointCommand(g), restoreCommand(g),
			}},
			{Title: "Look", Commands: []*cli.Command{
				listCommand(g), stateCommand(g), psCommand(g), topCommand(g), eventsCommand(g), inspectCommand(g),
			}},
			{Title: "Explain", Commands: []*cli.Command{
				planCommand(g), doctorCommand(g), traceCommand(g), replayCommand(g), helpCommand(g),
			}},
			{Title: "Set up", Commands: []*cli.Command{
				specCommand(), featuresCommand(), completionCommand(g), manCommand(g),
			}},
		},
		Topics: []cli.Topic{deadlinesTopic()},
	}
}

// run executes a command line and returns the exit status.
func run(arguments []string) int {
	g := &global{}
	p := program(g)
	invocation, err := p.Parse(arguments)
	status := 0
	if err != nil {
		err = usageError{err}
	} else {
		status, err = carryOut(g, p, invocation)
	}
	if err == nil {
		return status
	}
	g.fail(err)
	return invocation.Command.Failure()
}

func carryOut(g *global, p *cli.Program, invocation *cli.Invocation) (int, error) {
	switch {
	case invocation.Help:
		return 0, p.Help(os.Stdout, invocation.Command, helpWidth())
	case g.version:
		return 0, writeVersion(os.Stdout)
	case invocation.Command == nil:
		return 0, errors.New("a command is missing; allowed: " + strings.Join(p.Available().Names(), ", "))
	}
	if err := g.settle(); err != nil {
		return 0, err
	}
	if invocation.Command.TakesContainer() && len(invocation.Operands) > 0 {
		g.log.container = invocation.Operands[0]
	}
	if slices.Contains(brief, invocation.Command.Name) {
		shown := newProgress()
		shown.at(strings.Join(append([]string{invocation.Command.Name}, invocation.Operands...), " "))
		defer shown.over()
	}
	return invocation.Command.Run(invocation.Operands)
}
