package main

import (
	"context"
	"time"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// step is something to check.
type step struct {
	name, what string
	// check returns what it counted, if anything; an error means that the step failed.
	check func(context.Context, *run) (*testlog.Tally, error)
}

// run is shared by all steps.
type run struct {
	options
	*printer
}

// steps are run in this order: those that finish fast and find most come first.
var steps = []step{
	{"packages", "install the Debian packages that are missing", installPackages},
	{"format", "gofmt has nothing to change", checkFormat},
	{"modules", "go.mod and go.sum are tidy and the modules unchanged", checkModules},
	{"imports", "who may import whom", checkImports},
	{"build", "a static build for amd64 and arm64", checkBuild},
	{"vet", "go vet", checkVet},
	{"lint", "staticcheck", checkLint},
	{"dead", "no function that neither a program nor a test reaches", checkDead},
	{"generated", "generated files are up to date", checkGenerated},
	{"native", "all tests on this machine's kernel", testNative},
	{"race", "tests under the race detector, where no raw system calls are made", testRace},
	{"fuzz", "every fuzz target for a short time", fuzz},
	{"guest", "the tests that need a kernel of their own, in QEMU", testGuest},
	{"mutants", "a test notices each guard that is taken out, with openat2 and without; only when named", takeGuards},
	{"systemd", "the tests that need systemd as process 1, in QEMU; only when named", testSystemd},
	{"engines", "container engines with this runtime, each in a guest; only when named", testEngines},
	{"checkpoint", "containers written to files and brought back by CRIU, in QEMU; only when named", testCheckpoint},
	{"newcomer", "from a bare Debian guest to a container and a diagnosed failure, timed; only when named", checkNewcomer},
	{"site", "the documentation as a site, every page looked at in Chromium; only when named", checkSite},
}

// onRequest lists the steps that take too long for every run: -only selects them.
var onRequest = []string{"mutants", "systemd", "engines", "checkpoint", "newcomer", "site"}

// execute runs the step. A step that counts nothing counts as one case, and so does a
// failure in addition to the counted cases.
func (s step) execute(ctx context.Context, r *run) result {
	r.say("=== %s: %s", s.name, s.what)
	begin := time.Now()
	tally, err := s.check(ctx, r)
	done := result{Name: s.name, Seconds: time.Since(begin).Seconds()}
	if tally != nil {
		done.Passed, done.Failed, done.Skipped = tally.Passed, tally.Failed, tally.Skipped
		done.Figures = tally.Figures()
	}
	switch {
	case err != nil:
		done.Error = err.Error()
		done.Failed = max(done.Failed, 1)
	case tally == nil:
		done.Passed = 1
	}
	return done
}
