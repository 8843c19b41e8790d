package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/pflag"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/parent"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/parent/state"
)

// tables are needed to read recordings.
var tables = recording.Tables{Parent: parentmachine.Table, Child: childmachine.Table}

const usage = `fsrun-otel: send recorded handshakes to an OpenTelemetry collector, as spans

Usage: fsrun-otel [flags] CONTAINER|FILE
       fsrun-otel [flags] --watch

FILE is what fsrun --trace wrote, - for standard input. Where to is told by
OTEL_EXPORTER_OTLP_ENDPOINT (http://localhost:4318 by default), with
OTEL_EXPORTER_OTLP_HEADERS. The annotation traceparent of a container puts its
handshakes beneath the engine's span.

Flags:
`

// options holds the command line.
type options struct {
	root     string
	watch    bool
	interval time.Duration
	timeout  time.Duration
	operands []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil {
		complain(err)
		os.Exit(1)
	}
}

// complain prints an error as one line.
func complain(err error) {
	fmt.Fprintf(os.Stderr, "fsrun-otel: %s\n", strings.ReplaceAll(strings.TrimSpace(err.Error()), "\n", "; "))
}

func run(ctx context.Context, arguments []string) error {
	o, err := parse(arguments)
	if errors.Is(err, pflag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	to, err := newCollector(os.Getenv, o.timeout)
	if err != nil {
		return err
	}
	if o.watch {
		return watch(ctx, o, to)
	}
	found, err := find(o.root, o.operands[0])
	if err != nil {
		return err
	}
	return to.send(ctx, requestOf(serviceOf(os.Getenv), found))
}

func parse(arguments []string) (*options, error) {
	o := &options{}
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.SortFlags = false
	flags.StringVar(&o.root, "root", "", "look for containers in `DIRECTORY`, as fsrun --root does")
	flags.BoolVar(&o.watch, "watch", false, "send the handshakes of all containers, those to come too, until interrupted")
	flags.DurationVar(&o.interval, "interval", time.Second, "with --watch, look every `DURATION`")
	flags.DurationVar(&o.timeout, "timeout", 10*time.Second, "wait for the collector for at most `DURATION`")
	flags.Usage = func() { fmt.Print(usage + flags.FlagUsages()) }
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	o.operands = flags.Args()
	switch {
	case !o.watch && len(o.operands) != 1:
		return nil, fmt.Errorf("%d operands; allowed: one, a container or a file, or --watch; --help tells more", len(o.operands))
	case o.watch && len(o.operands) != 0:
		return nil, fmt.Errorf("--watch with %q; allowed: one or the other", o.operands[0])
	case o.interval <= 0 || o.timeout <= 0:
		return nil, errors.New("--interval and --timeout: allowed: more than 0s")
	}
	var err error
	if o.root == "" {
		o.root, err = state.Root()
	}
	return o, err
}

// find returns the recordings of a container, or of a file if there is no such container.
func find(root, operand string) ([]*recording.Recording, error) {
	if operand == "-" {
		return recording.Read(os.Stdin)
	}
	if !strings.ContainsRune(operand, '/') {
		found, err := parent.Recordings(root, operand)
		if !errors.Is(err, state.ErrNotExist) {
			if err == nil && len(found) == 0 {
				err = fmt.Errorf("container %q has no recording of its handshake: it is still being created", operand)
			}
			return found, err
		}
	}
	file, err := os.Open(operand)
	if err != nil {
		return nil, fmt.Errorf("no container, and no file: %w", err)
	}
	defer file.Close()
	found, err := recording.Read(file)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operand, err)
	}
	return found, nil
}
