package main

import (
	"context"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// checkNewcomer follows the newcomer's steps in a guest and shows how long that took.
func checkNewcomer(ctx context.Context, r *run) (*testlog.Tally, error) {
	shown := &lines{say: func(line string) { r.say("    %s", line) }}
	_, err := outputTo(ctx, shown, "", nil, "go", "run", "./internal/release/newcomer")
	return nil, err
}
