package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/fsrun/fsrun/internal/checkout"
)

// options holds the command line.
type options struct {
	output string // directory of the built site
	serve  string // address; "" to serve nothing
	check  bool
}

func main() {
	var o options
	flag.StringVar(&o.output, "o", "dist/site", "build it into `DIRECTORY`")
	flag.StringVar(&o.serve, "serve", "", "serve it at `ADDRESS` when it is built")
	flag.BoolVar(&o.check, "check", false, "look at every page in headless Chromium when it is built")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "site:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	if flag.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	module, err := checkout.Directory()
	if err != nil {
		return err
	}
	pages, err := findPages(module)
	if err != nil {
		return err
	}
	packages, err := installPackages(ctx)
	if err != nil {
		return err
	}
	if err := build(ctx, module, packages, pages, o.output); err != nil {
		return err
	}
	say("%d pages in %s", len(pages), o.output)
	if o.check {
		if err := browse(ctx, packages, pages, o.output); err != nil {
			return err
		}
	}
	if o.serve == "" {
		return nil
	}
	listener, err := listen(o.serve, o.output)
	if err != nil {
		return err
	}
	say("serving at http://%s", listener.address)
	<-ctx.Done()
	return listener.close()
}

// say prints a line for people.
func say(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "site: "+format+"\n", arguments...)
}
