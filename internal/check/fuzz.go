package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"regexp"
	"strconv"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// fuzzTarget is one func Fuzz…(*testing.F).
type fuzzTarget struct{ pkg, name string }

func fuzz(ctx context.Context, r *run) (*testlog.Tally, error) {
	targets, tally, err := fuzzTargets(ctx)
	if len(targets) == 0 {
		return tally, errors.Join(err, errors.New("no package has a fuzz target"))
	}
	failures := []error{err}
	executed := 0
	for _, target := range targets {
		// The pattern must match only this target.
		said, err := output(ctx, "", static, "go", "test", "-run=^$", "-fuzz=^"+target.name+"$", "-fuzztime="+r.fuzzTime.String(), target.pkg)
		count := executions(said)
		if err == nil && count == 0 {
			err = fmt.Errorf("%s %s: nothing was executed:\n%s", target.pkg, target.name, said)
		}
		executed += count
		verdict := "pass"
		if err != nil {
			verdict = "fail"
			tally.Failed++
			failures = append(failures, err)
		} else {
			tally.Passed++
		}
		r.say("    %s %s %s: %d executions", verdict, target.pkg, target.name, count)
		tally.Report(testlog.Figure{Name: "fuzz executions " + path.Base(target.pkg) + "." + target.name, Value: strconv.Itoa(count)})
	}
	tally.Report(testlog.Figure{Name: "fuzz executions", Value: strconv.Itoa(executed)})
	tally.Report(testlog.Figure{Name: "fuzz findings / targets", Value: fmt.Sprintf("%d/%d", tally.Failed, len(targets))})
	return tally, errors.Join(failures...)
}

// progress matches what go test -fuzz prints every three seconds and at the end.
var progress = regexp.MustCompile(`(?m)^fuzz: elapsed: \S+, (?:execs: |gathering baseline coverage: )(\d+)`)

// executions returns how many inputs go test -fuzz has tried, including those of the
// corpus, from the last line of its progress.
func executions(said string) int {
	lines := progress.FindAllStringSubmatch(said, -1)
	if len(lines) == 0 {
		return 0
	}
	count, _ := strconv.Atoi(lines[len(lines)-1][1])
	return count
}

// fuzzTargets asks the packages' test binaries for their fuzz targets. A package whose
// binary does not build or run is one failure.
func fuzzTargets(ctx context.Context) ([]fuzzTarget, *testlog.Tally, error) {
	listed, err := output(ctx, "", static, "go", "test", "-json", "-list=^Fuzz", "./...")
	var targets []fuzzTarget
	tally := &testlog.Tally{}
	decodeError := testlog.Decode(strings.NewReader(listed), func(event testlog.Event) {
		tally.Add(event)
		if name := strings.TrimSpace(event.Output); event.Action == "output" && strings.HasPrefix(name, "Fuzz") {
			targets = append(targets, fuzzTarget{event.Package, name})
		}
	})
	if tally.Failed > 0 {
		err = errors.New(describe(tally.Failures()))
	}
	return targets, tally, errors.Join(err, decodeError)
}
