package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// commandTime is how long a command of an engine may take. The guest is emulated, on a
// machine that may be busy; a command that takes longer than this hangs.
const commandTime = 3 * time.Minute

// Outcome is how a command ended.
type Outcome struct {
	Command string
	Status  int
	Output  string // standard output, without surrounding white space
	Errors  string // standard error, likewise
}

func (o Outcome) String() string {
	return fmt.Sprintf("%s\nended with %d\nstandard output:\n%s\nstandard error:\n%s", o.Command, o.Status, o.Output, o.Errors)
}

// Try runs a command to its end, whether it succeeds or not.
func Try(t testing.TB, arguments ...string) Outcome {
	t.Helper()
	return TryWith(t, "", arguments...)
}

// TryWith is Try with a text for standard input.
func TryWith(t testing.TB, input string, arguments ...string) Outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandTime)
	defer cancel()
	command := exec.CommandContext(ctx, arguments[0], arguments[1:]...)
	command.Stdin = strings.NewReader(input)
	// A process that has inherited the output may keep it open after the command has ended.
	command.WaitDelay = 5 * time.Second
	var output, complaints bytes.Buffer
	command.Stdout, command.Stderr = &output, &complaints
	err := command.Run()
	outcome := Outcome{
		Command: strings.Join(arguments, " "),
		Output:  strings.TrimSpace(output.String()),
		Errors:  strings.TrimSpace(complaints.String()),
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		t.Fatalf("no end after %s: %s", commandTime, outcome)
	case errors.As(err, &exit):
		outcome.Status = exit.ExitCode()
	case err != nil && !errors.Is(err, exec.ErrWaitDelay):
		t.Fatalf("%s: %v", outcome.Command, err)
	}
	return outcome
}

// Run runs a command that must succeed, and returns its standard output.
func Run(t testing.TB, arguments ...string) string {
	t.Helper()
	outcome := Try(t, arguments...)
	if outcome.Status != 0 {
		t.Fatalf("want success: %s", outcome)
	}
	return outcome.Output
}

// Want runs a command that must succeed and print exactly this.
func Want(t testing.TB, want string, arguments ...string) {
	t.Helper()
	if got := Run(t, arguments...); got != want {
		t.Errorf("%s\nprinted %q, want %q", strings.Join(arguments, " "), got, want)
	}
}

// Fail runs a command that must fail with this status (any status but 0 if it is negative),
// and print each of the words to standard output or standard error.
func Fail(t testing.TB, status int, words []string, arguments ...string) {
	t.Helper()
	outcome := Try(t, arguments...)
	if outcome.Status != status && (status >= 0 || outcome.Status == 0) {
		t.Errorf("want status %d: %s", status, outcome)
	}
	for _, word := range words {
		if !strings.Contains(outcome.Output+outcome.Errors, word) {
			t.Errorf("want %q in: %s", word, outcome)
		}
	}
}

// Fields runs a command that must succeed, and returns the words that it printed.
func Fields(t testing.TB, arguments ...string) []string {
	t.Helper()
	return strings.Fields(Run(t, arguments...))
}

// Eventually polls until reached returns true.
func Eventually(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for deadline := time.Now().Add(commandTime); time.Now().Before(deadline); time.Sleep(200 * time.Millisecond) {
		if reached() {
			return
		}
	}
	t.Fatalf("not within %s: %s", commandTime, what)
}
