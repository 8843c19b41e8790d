package main

import (
	"context"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// checkSite builds the documentation and checks it.
func checkSite(ctx context.Context, r *run) (*testlog.Tally, error) {
	shown := &lines{say: func(line string) { r.say("    %s", line) }}
	_, err := outputTo(ctx, shown, "", nil, "go", "run", "./internal/site", "-check")
	return nil, err
}
