package main

import (
	"context"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// takeGuards runs the mutants and collects their results: a line each, and a figure.
func takeGuards(ctx context.Context, r *run) (*testlog.Tally, error) {
	command, err := isolated("go", "run", "./internal/mutants")
	if err != nil {
		return nil, err
	}
	tally := &testlog.Tally{}
	shown := &lines{say: func(line string) {
		r.say("    %s", line)
		tally.Add(testlog.Event{Action: "output", Output: line + "\n"})
		if strings.HasSuffix(line, " caught") {
			tally.Passed++
		}
	}}
	_, err = outputTo(ctx, shown, "", static, command[0], command[1:]...)
	return tally, err
}
