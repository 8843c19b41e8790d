package main

import (
	"context"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// checkSite builds the documentation and looks at it.
func checkSite(ctx context.Context, r *run) (*testlog.Tally, error) {
	said, err := output(ctx, "", nil, "go", "run", "./internal/site", "-check")
	if err == nil {
		r.say("    %s", said)
	}
	return nil, err
}
