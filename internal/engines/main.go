package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	place "github.com/fsrun/fsrun/internal/engines/engine"
)

// Exit statuses.
const (
	statusFailed = 1
	statusBroken = 2
)

// options holds the command line.
type options struct {
	engines []engine
	run     string
	runtime string
	timeout time.Duration
	json    bool
}

func main() {
	options, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
		os.Exit(statusBroken)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := test(ctx, options)
	stop()
	os.Exit(status)
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("engines", flag.ContinueOnError)
	flags.StringVar(&o.run, "run", "", "run only the tests that match this `regexp`")
	flags.StringVar(&o.runtime, "runtime", "", "use this `PROGRAM` of the guest as the runtime, to compare with")
	flags.DurationVar(&o.timeout, "timeout", 40*time.Minute, "end one engine's guest after this time")
	flags.BoolVar(&o.json, "json", false, "write one JSON object for each case to standard output, as go test -json does, and one for each engine")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	if flags.NArg() == 0 {
		return o, fmt.Errorf("name engines to test: %s, or all", strings.Join(names(), ", "))
	}
	chosen, unknown := choose(flags.Args())
	if unknown != "" {
		return o, fmt.Errorf("no engine is called %q; allowed: %s, all", unknown, strings.Join(names(), ", "))
	}
	if o.timeout < time.Minute {
		return o, fmt.Errorf("-timeout %s: want at least a minute", o.timeout)
	}
	o.engines = chosen
	return o, nil
}

// test tests one engine after another and returns the exit status.
func test(ctx context.Context, o options) int {
	status := 0
	var results []result
	for _, engine := range o.engines {
		result := testEngine(ctx, o, engine)
		results = append(results, result)
		status = max(status, result.status())
		o.show(result)
	}
	if len(results) > 1 {
		for _, result := range results {
			o.say("%s", result.line())
		}
	}
	return status
}

// command returns the arguments for the program that boots the engine's guest, with these
// programs from this machine.
func (o options) command(e engine, programs []string) []string {
	unit := o.timeout - time.Minute/2 // less than the guest has, so that the end of the tests is reported
	arguments := []string{
		"-json", "-memory", "3072",
		"-debian", strings.Join(e.packages, ","),
		"-timeout", o.timeout.String(), "-unit-timeout", unit.String(),
	}
	if e.systemd {
		arguments = append(arguments, "-systemd")
	}
	for _, program := range programs {
		arguments = append(arguments, "-file", program+":/usr/local/bin/"+filepath.Base(program))
	}
	if o.runtime != "" {
		arguments = append(arguments, "-env", place.RuntimeVariable+"="+o.runtime)
	}
	run := e.run
	if o.run != "" {
		run = o.run
	}
	if run != "" {
		arguments = append(arguments, "-run", run)
	}
	return append(arguments, "github.com/fsrun/fsrun/internal/engines/"+e.directory)
}
