package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// verdict is a receiver that finally gives a verdict.
type verdict interface {
	receiver
	// close returns the exit status; err is an error of the guest itself.
	close(err error) (int, error)
}

// commandResult passes on a command's output.
type commandResult struct {
	progress *progress
	status   int
}

func (c *commandResult) ready(release string) { c.progress.say("the guest is up: Linux %s", release) }

func (c *commandResult) start(int) error { return nil }

func (c *commandResult) output(data []byte) error {
	_, err := os.Stdout.Write(data)
	return err
}

func (c *commandResult) exit(status int) error {
	c.status = status
	return nil
}

func (c *commandResult) close(err error) (int, error) { return c.status, err }

// testResults converts test output to events, shows them and counts them.
type testResults struct {
	ctx      context.Context
	options  options
	packages []goPackage
	progress *progress

	total   testlog.Tally
	current packageRun
}

// packageRun is a package whose tests are running.
type packageRun struct {
	name      string
	begin     time.Time
	before    [3]int // the tally's passed, failed and skipped tests at the start
	converter *exec.Cmd
	input     io.WriteCloser
	converted chan error
}

// newTestResults expects one unit for each package, after those that failed to build.
func newTestResults(ctx context.Context, o options, packages []goPackage, unbuilt []buildFailure, progress *progress) *testResults {
	results := &testResults{ctx: ctx, options: o, packages: packages, progress: progress}
	for _, failure := range unbuilt {
		results.take(testlog.Event{Action: "output", Package: failure.name, Output: failure.err.Error() + "\n"})
		results.take(testlog.Event{Action: "fail", Package: failure.name})
	}
	return results
}

func (t *testResults) ready(release string) { t.progress.say("the guest is up: Linux %s", release) }

// start begins a package. Its output goes through go tool test2json.
func (t *testResults) start(unit int) error {
	name := t.packages[unit].ImportPath
	converter := exec.CommandContext(t.ctx, "go", "tool", "test2json", "-t", "-p", name)
	converter.Stderr = os.Stderr
	input, err := converter.StdinPipe()
	if err != nil {
		return err
	}
	output, err := converter.StdoutPipe()
	if err != nil {
		return err
	}
	if err := converter.Start(); err != nil {
		return fmt.Errorf("go tool test2json: %w", err)
	}
	t.current = packageRun{
		name:      name,
		begin:     time.Now(),
		before:    [3]int{t.total.Passed, t.total.Failed, t.total.Skipped},
		converter: converter,
		input:     input,
		converted: make(chan error, 1),
	}
	go func(converted chan<- error) {
		converted <- testlog.Decode(output, t.take)
	}(t.current.converted)
	return nil
}

func (t *testResults) output(data []byte) error {
	_, err := t.current.input.Write(data)
	return err
}

// take runs in the converter's goroutine; exit waits for that before it reads the tally.
func (t *testResults) take(event testlog.Event) {
	t.total.Add(event)
	switch {
	case t.options.json:
		if line, err := json.Marshal(event); err == nil {
			fmt.Printf("%s\n", line)
		}
	case t.options.verbose && event.Action == "output":
		fmt.Print(event.Output)
	}
}

// exit ends a package and shows a line about it.
func (t *testResults) exit(status int) error {
	current := t.current
	if err := current.finish(); err != nil {
		return err
	}
	t.conclude(status)
	passed, failed, skipped := t.total.Passed-current.before[0], t.total.Failed-current.before[1], t.total.Skipped-current.before[2]
	verdict := "ok  "
	if failed > 0 {
		verdict = "FAIL"
	}
	t.say("%s %s %.1fs (%s)", verdict, current.name, time.Since(current.begin).Seconds(), testlog.Line(passed, failed, skipped))
	return nil
}

// conclude adds what the converter cannot know without the exit status: which tests never
// ended, and that the package failed although no test did.
func (t *testResults) conclude(status int) {
	for _, event := range t.total.Abandoned() {
		t.take(event)
	}
	if status != 0 && t.total.Failed == t.current.before[1] {
		t.take(testlog.Event{Action: "output", Package: t.current.name, Output: fmt.Sprintf("exit status %d\n", status)})
		t.take(testlog.Event{Action: "fail", Package: t.current.name})
	}
}

// finish ends the converter and waits for its last event.
func (p packageRun) finish() error {
	if err := p.input.Close(); err != nil {
		return err
	}
	if err := <-p.converted; err != nil {
		return err
	}
	if err := p.converter.Wait(); err != nil {
		return fmt.Errorf("go tool test2json: %w", err)
	}
	return nil
}

// close shows what failed, what was wrongly skipped, and the final line.
func (t *testResults) close(guestError error) (int, error) {
	if t.current.converter != nil && t.current.converter.ProcessState == nil {
		// The guest ended in the middle of this package; its output so far may show why.
		if err := t.current.finish(); err == nil {
			t.conclude(statusBroken)
		}
	}
	failures, wrongSkips := t.total.Failures(), t.total.WrongSkips()
	// With -v or -json, the reader has already seen everything.
	if !t.options.verbose && !t.options.json {
		for _, failure := range failures {
			t.say("--- FAIL: %s\n%s", failure.Test, strings.TrimRight(failure.Output, "\n"))
		}
	}
	for _, skip := range wrongSkips {
		t.say("--- SKIPPED IN THE GUEST: %s: %s", skip.Test, testlog.SkipMessage(skip.Output))
	}
	if t.total.Ran() == 0 {
		t.say("--- FAIL: no test ran")
	}
	t.say("%s", t.total.String())
	if guestError != nil {
		return 0, guestError
	}
	if len(failures)+len(wrongSkips) > 0 || t.total.Ran() == 0 {
		return statusFailed, nil
	}
	return 0, nil
}

// say prints a line about the results: to standard error if standard output is for events.
func (t *testResults) say(format string, arguments ...any) {
	var text bytes.Buffer
	fmt.Fprintf(&text, format+"\n", arguments...)
	out := os.Stdout
	if t.options.json {
		out = os.Stderr
	}
	if _, err := text.WriteTo(out); err != nil {
		fmt.Fprintln(os.Stderr, "vm:", err)
	}
}
