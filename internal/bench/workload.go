package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// workload is something that runtimes do to be measured. It may have several rows in the
// table of results.
type workload struct {
	name, what string
	groups     []string
	rounds     int
	floor      bool // the floor can do it
	edits      []edit
	// play makes one contestant do it once. The samples are keyed by the names of their
	// rows; the workload's own is "".
	play func(*player) (map[string]sample, error)
}

// The groups of workloads.
const (
	quick = "quick"
	full  = "full"
)

var workloads = []workload{
	{name: "run", what: "run the default bundle", groups: []string{quick, full}, rounds: 200, floor: true, play: playRun},
	{name: "run-seccomp", what: "the same with a seccomp profile of an engine's shape", groups: []string{quick, full}, rounds: 200, edits: []edit{confined}, play: playRun},
	{name: "life", what: "create, start, state, exec, kill and delete, as engines call them", groups: []string{quick, full}, rounds: 100, edits: []edit{pausing}, play: playLife},
	{name: "run-userns", what: "run in a user namespace", groups: []string{full}, rounds: 100, edits: []edit{mapped}, play: playRun},
	{name: "run-binds-100", what: "run with 100 bind mounts", groups: []string{full}, rounds: 60, edits: []edit{bound(100)}, play: playRun},
	{name: "run-binds-1000", what: "run with 1,000 bind mounts", groups: []string{full}, rounds: 20, edits: []edit{bound(1000)}, play: playRun},
	{name: "run-devices-100", what: "run with 100 device rules", groups: []string{full}, rounds: 60, edits: []edit{devices(100)}, play: playRun},
	{name: "run-long", what: "run with 100 environment variables and a configuration of 50 KB", groups: []string{full}, rounds: 100, edits: []edit{long}, play: playRun},
	{name: "parallel-16", what: "run 16 containers at once", groups: []string{quick, full}, rounds: 20, play: playParallel(16)},
	{name: "parallel-64", what: "run 64 containers at once", groups: []string{full}, rounds: 10, play: playParallel(64)},
	{name: "parallel-256", what: "run 256 containers at once", groups: []string{full}, rounds: fewestRounds, play: playParallel(256)},
	{name: "row-1000", what: "run 1,000 containers, one after the other", groups: []string{full}, rounds: 1, play: playRow(1000)},
}

func (w workload) is(name string) bool { return w.name == name || slices.Contains(w.groups, name) }

func listWorkloads(to io.Writer) error {
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	for _, w := range workloads {
		fmt.Fprintf(table, "%s\t%d rounds\t%s\t%v\n", w.name, w.rounds, w.what, w.groups)
	}
	return table.Flush()
}
