package main

import (
	"context"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// checkNewcomer takes a newcomer's way in a guest, and shows how long it took.
func checkNewcomer(ctx context.Context, r *run) (*testlog.Tally, error) {
	shown := &lines{say: func(line string) { r.say("    %s", line) }}
	_, err := outputTo(ctx, shown, "", nil, "go", "run", "./internal/release/newcomer")
	return nil, err
}
