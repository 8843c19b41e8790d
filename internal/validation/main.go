package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"regexp"
	"syscall"
)

// Exit statuses.
const (
	statusFailed = 1
	statusBroken = 2
)

// options holds the command line.
type options struct {
	inside  string
	only    *regexp.Regexp
	verbose bool
}

func main() {
	var o options
	pattern := flag.String("run", "", "run only the programs that match this `regexp`")
	flag.BoolVar(&o.verbose, "v", false, "show the output of programs that pass too")
	flag.StringVar(&o.inside, "inside", "", "run the programs in this `directory` here: what the command does in the guest")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*pattern); err != nil {
		fail(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	status := 0
	if o.inside != "" {
		status, err = runInside(ctx, o)
	} else {
		status, err = runInGuest(ctx, *pattern, o.verbose)
	}
	if err != nil {
		fail(err)
	}
	os.Exit(status)
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "validation:", err)
	os.Exit(statusBroken)
}
