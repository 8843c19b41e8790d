package main

import (
	"context"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// takeGuards has the mutants tell what they found, a line each and a figure.
func takeGuards(ctx context.Context, r *run) (*testlog.Tally, error) {
	command, err := isolated("go", "run", "./internal/mutants")
	if err != nil {
		return nil, err
	}
	said, err := output(ctx, "", static, command[0], command[1:]...)
	tally := &testlog.Tally{}
	for line := range strings.Lines(said) {
		r.say("    %s", strings.TrimSuffix(line, "\n"))
		tally.Add(testlog.Event{Action: "output", Output: line})
		if strings.HasSuffix(line, " caught\n") {
			tally.Passed++
		}
	}
	return tally, err
}
