package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/fsrun/fsrun/internal/checkout"
)

// options holds the command line.
type options struct {
	only, skip []string
	list       bool
	json       bool
	fuzzTime   time.Duration
}

func main() {
	if len(os.Args) > 1 && os.Args[1] == isolateArgument {
		err := runIsolated(os.Args[2:])
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	options, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	if options.list {
		for _, step := range steps {
			fmt.Printf("%-10s %s\n", step.name, step.what)
		}
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	good, err := check(ctx, options)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "check:", err)
		os.Exit(2)
	}
	if !good {
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("check", flag.ContinueOnError)
	names := func(into *[]string) func(string) error {
		return func(value string) error {
			for name := range strings.SplitSeq(value, ",") {
				if !slices.ContainsFunc(steps, func(s step) bool { return s.name == name }) {
					return fmt.Errorf("no step is called %q; -list shows them", name)
				}
				*into = append(*into, name)
			}
			return nil
		}
	}
	flags.Func("only", "run only these comma-separated `STEPS`", names(&o.only))
	flags.Func("skip", "leave out these comma-separated `STEPS`", names(&o.skip))
	flags.BoolVar(&o.list, "list", false, "list the steps and do nothing")
	flags.BoolVar(&o.json, "json", false, "write one JSON object per step to standard output, and everything else to standard error")
	flags.DurationVar(&o.fuzzTime, "fuzz", 3*time.Second, "fuzz each target for this `time`")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if o.fuzzTime < time.Second {
		return o, fmt.Errorf("-fuzz %s: want at least 1s", o.fuzzTime)
	}
	return o, nil
}

// wants reports whether the options select the step.
func (o options) wants(name string) bool {
	byDefault := len(o.only) == 0 && !slices.Contains(onRequest, name)
	return (byDefault || slices.Contains(o.only, name)) && !slices.Contains(o.skip, name)
}

// check runs the selected steps and reports whether all of them passed.
func check(ctx context.Context, o options) (bool, error) {
	directory, err := checkout.Directory()
	if err != nil {
		return false, err
	}
	// Every command runs in the module's root, wherever this one was started.
	if err := os.Chdir(directory); err != nil {
		return false, err
	}
	out := newPrinter(o.json)
	run := &run{options: o, printer: out}
	for _, step := range steps {
		if ctx.Err() == nil && o.wants(step.name) {
			out.result(step.execute(ctx, run))
		}
	}
	return out.summary() && ctx.Err() == nil, nil
}
