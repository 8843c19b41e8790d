package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"syscall"
)

// options holds the command line.
type options struct {
	prefix, destination string
	architecture        string
	output              string
}

func (o *options) register(flags *flag.FlagSet) {
	flags.StringVar(&o.prefix, "prefix", variable("PREFIX", "/usr/local"), "install beneath `DIRECTORY`")
	flags.StringVar(&o.destination, "destdir", variable("DESTDIR", "/"), "use `DIRECTORY` as the root of the file system")
	flags.StringVar(&o.architecture, "arch", runtime.GOARCH, "build for `ARCHITECTURE`: amd64 or arm64")
	flags.StringVar(&o.output, "o", "dist", "write the binary or package to `DIRECTORY`")
}

func main() {
	var o options
	o.register(flag.CommandLine)
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "usage: release [flags] binary|otel|install|deb")
		flag.PrintDefaults()
	}
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(ctx, flag.Arg(0), o); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

func variable(name, otherwise string) string {
	if value := os.Getenv(name); value != "" {
		return value
	}
	return otherwise
}

func run(ctx context.Context, what string, o options) error {
	made := ""
	var err error
	switch what {
	case "binary":
		made = filepath.Join(o.output, "fsrun")
		err = build(ctx, runtimeCommand, o.architecture, made)
	case "otel":
		made = filepath.Join(o.output, "fsrun-otel")
		err = build(ctx, telemetryCommand, o.architecture, made)
	case "install":
		made = filepath.Join(o.destination, o.prefix)
		err = install(ctx, o)
	case "deb":
		made, err = debianPackage(ctx, o)
	default:
		return fmt.Errorf("%q is unknown; allowed: binary, otel, install, deb", what)
	}
	if err == nil {
		fmt.Println(made)
	}
	return err
}
