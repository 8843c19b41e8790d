package main

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag"
	"golang.org/x/sys/unix"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func runCommand(g *global) *cli.Command {
	c := &creation{}
	var detach, keep, noSubreaper bool
	return &cli.Command{
		Name: "run", Arguments: "CONTAINER", Least: 1, Most: 1,
		Short: "create a container, run its program, and delete it when the program exits",
		Long: `In the foreground fsrun passes signals on to the program, relays its terminal
if it has one, waits for it and deletes the container. The exit status is the
program's, or 128 plus the number of the signal that killed it; 1 means that
fsrun failed. With --detach fsrun exits as soon as the program runs; a terminal
then needs --console-socket, and fsrun delete removes the container.`,
		Examples: []cli.Example{
			{Line: "fsrun run --bundle /srv/web web", Meaning: "run the bundle's program in the foreground"},
			{Line: "fsrun run -d --bundle /srv/web --pid-file /run/web.pid web", Meaning: "run it in the background"},
		},
		Flags: func(flags *pflag.FlagSet) {
			c.flags(flags)
			flags.BoolVarP(&detach, "detach", "d", false, "do not wait for the program")
			flags.BoolVar(&keep, "keep", false, "do not delete the container when its program exits")
			flags.BoolVar(&noSubreaper, "no-subreaper", false, "accepted for compatibility: fsrun never makes itself a subreaper")
		},
		Run: func(operands []string) (int, error) {
			options, err := c.options(g, operands[0])
			if err != nil {
				return 0, err
			}
			if detach {
				_, err = parent.Run(options)
				return 0, err
			}
			return runInForeground(options, keep)
		},
	}
}

func runInForeground(options parent.Options, keep bool) (int, error) {
	return startAndWait(options, keep, func(console func(int) error) (*parent.Running, error) {
		if options.ConsoleSocket == "" {
			options.OnConsole = console
		}
		return parent.Run(options)
	})
}

// startAndWait starts a container, waits until it ends and deletes it, unless keep is set.
func startAndWait(options parent.Options, keep bool, start func(console func(int) error) (*parent.Running, error)) (int, error) {
	var running *parent.Running
	ended, err := inForeground(false, func(console func(int) error) (started *parent.Running, err error) {
		running, err = start(console)
		return running, err
	})
	if ended == nil {
		return 0, err
	}
	if ended.Signaled() && ended.Signal() == unix.SIGKILL {
		warnOfMemory(&options)
	}
	if keep {
		err = errors.Join(err, running.KeepEnd(*ended))
	} else {
		err = errors.Join(err, warnOfPoststop(running.Delete(), options.Warn))
	}
	return exitStatus(*ended), err
}

// warnOfMemory warns if a program was killed because memory ran out, which otherwise looks
// like any other SIGKILL.
func warnOfMemory(options *parent.Options) {
	examined, err := parent.Examine(options.StateRoot, options.ID)
	if err != nil || examined.Stats == nil || examined.Stats.Memory == nil || examined.Stats.Memory.Events.OOMKill == 0 {
		return
	}
	memory := examined.Stats.Memory
	options.Warn(fmt.Sprintf("the OOM killer killed a process of the container: it had used %s of the %s that linux.resources.memory.limit allows",
		byteCount(max(memory.Peak, memory.Current)), orUnlimited(memory.Limit, byteCount)))
}
