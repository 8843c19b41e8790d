package main

import (
	"context"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// checkNewcomer takes a newcomer's way in a guest, and shows how long it took.
func checkNewcomer(ctx context.Context, r *run) (*testlog.Tally, error) {
	said, err := output(ctx, "", nil, "go", "run", "./internal/release/newcomer")
	if err == nil {
		r.say("    %s", said)
	}
	return nil, err
}
