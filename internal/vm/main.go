package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// Exit statuses.
const (
	statusFailed = 1
	statusBroken = 2
)

// options holds the command line.
type options struct {
	packages    []string
	command     []string
	shell       bool
	run         string
	count       int
	arguments   list
	environment list
	files       list
	debian      list
	systemd     bool
	disk        int
	append      list
	memory      int
	processors  int
	accelerator string
	timeout     time.Duration
	unitTimeout time.Duration
	verbose     bool
	json        bool
	keep        bool
}

// list is a flag that may be given more than once.
type list []string

func (l *list) String() string { return strings.Join(*l, " ") }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// add appends the elements of a comma-separated list.
func (l *list) add(value string) error {
	for element := range strings.SplitSeq(value, ",") {
		if element == "" {
			return errors.New("an element is empty")
		}
		*l = append(*l, element)
	}
	return nil
}

// hasDisk reports whether the guest's root is a Debian system on a disk.
func (o options) hasDisk() bool { return len(o.debian) > 0 || o.systemd }

func main() {
	options, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(statusBroken)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status, err := run(ctx, options)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
		os.Exit(statusBroken)
	}
	os.Exit(status)
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("vm", flag.ContinueOnError)
	flags.BoolVar(&o.shell, "shell", false, "open a shell on the guest's console")
	flags.StringVar(&o.run, "run", "", "run only the tests that match this `regexp`")
	flags.IntVar(&o.count, "count", 1, "run each test this many times")
	flags.Var(&o.arguments, "arg", "pass this `argument` to the test binaries; may be repeated")
	flags.Var(&o.environment, "env", "set `KEY=VALUE` in the guest; may be repeated")
	flags.Var(&o.files, "file", "copy `HOST:GUEST`, with the libraries it needs; may be repeated")
	flags.Func("debian", "boot a Debian system on a disk, with these comma-separated `PACKAGES`; may be repeated", func(value string) error {
		return o.debian.add(value)
	})
	flags.BoolVar(&o.systemd, "systemd", false, "boot a Debian system whose process 1 is systemd")
	flags.IntVar(&o.disk, "disk", 4096, "the size of a Debian system's disk in `MiB`")
	flags.Var(&o.append, "append", "add an `ARGUMENT` to the kernel's command line; may be repeated")
	flags.IntVar(&o.memory, "memory", 2048, "the guest's memory in `MiB`")
	flags.IntVar(&o.processors, "cpus", 2, "the guest's processors")
	flags.StringVar(&o.accelerator, "accel", "auto", "kvm, tcg, or auto: kvm where it works")
	flags.DurationVar(&o.timeout, "timeout", 20*time.Minute, "end the guest after this time")
	flags.DurationVar(&o.unitTimeout, "unit-timeout", 10*time.Minute, "end one package's tests, or the command, after this time")
	flags.BoolVar(&o.verbose, "v", false, "show all output of the tests, and how the guest is made")
	flags.BoolVar(&o.json, "json", false, "write the tests' events as go test -json does")
	flags.BoolVar(&o.keep, "keep", false, "keep the guest's files and console log, and say where")

	before, command, hasCommand := cutCommand(arguments)
	if err := flags.Parse(before); err != nil {
		return o, err
	}
	o.packages = flags.Args()
	o.command = command
	switch {
	case hasCommand && len(command) == 0:
		return o, errors.New("-- wants a command after it")
	case hasCommand && len(o.packages) > 0:
		return o, fmt.Errorf("packages %v and a command cannot be run together", o.packages)
	case !hasCommand && !o.shell && len(o.packages) == 0:
		return o, errors.New("nothing to run: name packages, give a command after --, or use -shell")
	case o.count < 1:
		return o, fmt.Errorf("-count %d: want at least 1", o.count)
	case o.memory < 512:
		return o, fmt.Errorf("-memory %d: want at least 512 MiB", o.memory)
	case o.disk < 1024:
		return o, fmt.Errorf("-disk %d: want at least 1024 MiB", o.disk)
	case o.processors < 1:
		return o, fmt.Errorf("-cpus %d: want at least 1", o.processors)
	case o.timeout <= 0 || o.unitTimeout < time.Second:
		return o, fmt.Errorf("-timeout %s and -unit-timeout %s: want at least a second", o.timeout, o.unitTimeout)
	}
	return o, nil
}

// cutCommand splits the arguments at the first "--".
func cutCommand(arguments []string) (before, command []string, found bool) {
	for index, argument := range arguments {
		if argument == "--" {
			return arguments[:index], arguments[index+1:], true
		}
	}
	return arguments, nil, false
}
