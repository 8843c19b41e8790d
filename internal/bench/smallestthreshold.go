package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fsrun/fsrun/parent"
)

// threshold compares both sides of the limit at which fsrun changes the way it starts.
type threshold struct {
	Limit int64 // bytes
	Runs  int   // on each side
	// In Born, the child is born in its cgroup, with that limit; in Moved, with a limit one
	// page lower, it is moved there when it is ready.
	Born, Moved side
}

// side holds the median time of a run, and what the cgroup is charged for before the
// program starts.
type side struct {
	Run     time.Duration
	Created charge
}

// thresholdRounds is how many runs of each side are timed at most, alternating.
const thresholdRounds = 100

// measureThreshold measures both sides with the default bundle.
func (b *bench) measureThreshold(c *contestant) (*threshold, error) {
	bundle, err := b.scratch.bundle("threshold")
	if err != nil {
		return nil, err
	}
	const page = 4 << 10
	measured := &threshold{Limit: parent.RoomForRuntime, Runs: min(thresholdRounds, b.options.smallest)}
	sides := []struct {
		limit int64
		side  *side
		runs  []time.Duration
	}{{limit: measured.Limit, side: &measured.Born}, {limit: measured.Limit - page, side: &measured.Moved}}
	running := &trial{contestant: c, verb: verbs[0], bundle: bundle}
	for range measured.Runs {
		for i := range sides {
			if err := running.limit(manyPids, sides[i].limit); err != nil {
				return nil, err
			}
			begun := time.Now()
			if err := running.run(); err != nil {
				return nil, err
			}
			sides[i].runs = append(sides[i].runs, time.Since(begun))
		}
	}
	creating := &trial{contestant: c, verb: verbs[1], bundle: bundle}
	for _, s := range sides {
		slices.Sort(s.runs)
		s.side.Run = s.runs[len(s.runs)/2]
		created, err := creating.created(manyPids, s.limit)
		if err != nil {
			return nil, err
		}
		s.side.Created = *created
	}
	return measured, nil
}

// markdown writes both sides as a table.
func (t *threshold) markdown(out *strings.Builder) {
	fmt.Fprintf(out, "Around the limit of %d MiB, median of %d runs each:\n\n", t.Limit>>20, t.Runs)
	out.WriteString("| memory.max | The child is | `run` takes | Charged when created |\n|---|---|---|---|\n")
	for _, row := range []struct {
		limit, what string
		side
	}{
		{"at it", "born in its cgroup", t.Born},
		{"a page below", "moved into it when it is ready", t.Moved},
	} {
		fmt.Fprintf(out, "| %s | %s | %s | %s |\n", row.limit, row.what, milliseconds(row.Run), row.Created.text())
	}
	out.WriteString("\n")
}

func (c charge) text() string {
	return fmt.Sprintf("%d KiB, peak %d KiB", c.Current>>10, c.Peak>>10)
}
