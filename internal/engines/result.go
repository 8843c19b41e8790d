package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/vm/debian"
	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// result is the result for one engine.
type result struct {
	Engine  string
	Package string // the engine's own, with its version
	Passed  int
	Failed  int
	Seconds float64
	Error   string `json:",omitempty"` // why the guest could not be used
}

// testEngine boots the engine's guest and shows its cases.
func testEngine(ctx context.Context, o options, e engine) result {
	begin := time.Now()
	done := result{Engine: e.name}
	version, err := (&debian.Cache{}).Version(ctx, e.packages[0])
	if err != nil {
		done.Error = err.Error()
		return done
	}
	done.Package = e.packages[0] + " " + version
	tally, err := o.guest(ctx, e)
	done.Seconds = time.Since(begin).Seconds()
	// The guest has everything, so a skipped test counts as failed.
	done.Passed, done.Failed = tally.Passed, tally.Failed+len(tally.WrongSkips())
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && done.Failed > 0:
		// The failed cases say it all.
	case err != nil:
		done.Error = err.Error()
	case tally.Ran() == 0:
		done.Error = "no case ran"
	}
	return done
}

// guest runs the command and follows its events.
func (o options) guest(ctx context.Context, e engine) (*testlog.Tally, error) {
	tally := &testlog.Tally{}
	directory, err := os.MkdirTemp("", "engines-")
	if err != nil {
		return tally, err
	}
	defer os.RemoveAll(directory)
	// Build it first, because go run would not pass on a signal.
	program := filepath.Join(directory, "vm")
	if output, err := exec.CommandContext(ctx, "go", "build", "-o", program, "github.com/fsrun/fsrun/internal/vm").CombinedOutput(); err != nil {
		return tally, fmt.Errorf("go build: %w\n%s", err, output)
	}
	programs, err := buildTools(ctx, e, filepath.Join(directory, "tools"))
	if err != nil {
		return tally, err
	}
	command := exec.CommandContext(ctx, program, o.command(e, programs)...)
	command.Stderr = os.Stderr
	command.Cancel = func() error { return command.Process.Signal(os.Interrupt) }
	command.WaitDelay = 20 * time.Second
	stream, err := command.StdoutPipe()
	if err != nil {
		return tally, err
	}
	if err := command.Start(); err != nil {
		return tally, err
	}
	decodeError := testlog.Decode(stream, func(event testlog.Event) {
		tally.Add(event)
		o.showCase(e, tally, event)
	})
	return tally, errors.Join(command.Wait(), decodeError)
}

// showCase shows a case that has ended and, if it failed, its output.
func (o options) showCase(e engine, tally *testlog.Tally, event testlog.Event) {
	verdicts := map[string]string{"pass": "ok  ", "fail": "FAIL", "skip": "skip"}
	verdict, ended := verdicts[event.Action]
	if !ended || event.Test == "" {
		return
	}
	if o.json {
		o.encode(event)
	}
	o.say("    %s %s %s %.1fs", verdict, e.name, event.Test, event.Elapsed)
	if failures := tally.Failures(); event.Action == "fail" {
		index := slices.IndexFunc(failures, func(failure testlog.Problem) bool { return failure.Name == event.Test })
		o.say("%s", strings.TrimRight(failures[index].Output, "\n"))
	}
}

// show shows an engine's result.
func (o options) show(r result) {
	o.say("%s", r.line())
	if o.json {
		o.encode(r)
	}
}

func (r result) line() string {
	verdict := "ok  "
	if r.status() != 0 {
		verdict = "FAIL"
	}
	line := fmt.Sprintf("%s %-14s %6.1fs  %s  %s", verdict, r.Engine, r.Seconds, testlog.Line(r.Passed, r.Failed, 0), r.Package)
	if r.Error != "" {
		line += ": " + r.Error
	}
	return line
}

func (r result) status() int {
	switch {
	case r.Failed > 0:
		return statusFailed
	case r.Error != "":
		return statusBroken
	}
	return 0
}

// say prints for people: to standard error if standard output is for JSON.
func (o options) say(format string, arguments ...any) {
	var out io.Writer = os.Stdout
	if o.json {
		out = os.Stderr
	}
	fmt.Fprintf(out, format+"\n", arguments...)
}

func (o options) encode(value any) {
	if err := json.NewEncoder(os.Stdout).Encode(value); err != nil {
		fmt.Fprintln(os.Stderr, "engines:", err)
	}
}
