package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// options holds the command line.
type options struct {
	only     []string
	under    []string
	count    int
	seconds  int
	fsrun    string
	peers    []string
	json     string
	chart    string
	document string
	list     bool
	quiet    bool
	// smallest is how many starts in a row must succeed when searching for the smallest
	// limits; peerStarts is the same for peers. If smallest is 0, there is no search.
	smallest, peerStarts int
	// guests is how many guests search at once.
	guests int
	// inside means that this machine is a guest, which searches for one part.
	inside bool
	part   string
}

func main() {
	if len(os.Args) == 2 && os.Args[1] == neighbourArgument {
		beNeighbour()
	}
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	names := func(to *[]string) func(string) error {
		return func(value string) error {
			*to = append(*to, strings.Split(value, ",")...)
			return nil
		}
	}
	flags.Func("only", "measure only these comma-separated `WORKLOADS`; quick and full are groups (default quick)", names(&o.only))
	flags.Func("under", "measure under these comma-separated `CONDITIONS`: free, pinned to one processor, beside a busy neighbour (default free)", names(&o.under))
	flags.IntVar(&o.count, "count", 0, "play this many `ROUNDS` of a workload that is named, and at most as many of those in a group (default as listed)")
	flags.IntVar(&o.seconds, "seconds", 0, "end a workload after this many `SECONDS` and six rounds, or the search in each guest after them (default never)")
	flags.StringVar(&o.fsrun, "fsrun", "", "measure this `PROGRAM` (default: built from this source)")
	flags.Func("peers", "compare with these comma-separated `PEERS` (default those of floor, crun and runc that are installed)", names(&o.peers))
	flags.StringVar(&o.json, "json", "", "write all figures to `FILE`")
	flags.StringVar(&o.chart, "chart", "", "draw the ratios of wall times to `FILE`, as SVG")
	flags.StringVar(&o.document, "document", "", "rewrite the generated part of `FILE`, and draw the chart beside it")
	flags.BoolVar(&o.list, "list", false, "list the workloads and exit")
	flags.IntVar(&o.smallest, "smallest", 0, "instead of measuring time, search in the guest of internal/vm for the smallest limits under which `STARTS` in a row succeed")
	flags.IntVar(&o.peerStarts, "peerstarts", 0, "require this many `STARTS` in a row of peers (default as many as of fsrun)")
	flags.IntVar(&o.guests, "guests", 1, "search in this many `GUESTS` at once, of up to 2 GiB and two processors each")
	flags.BoolVar(&o.inside, "inside", false, "search on this machine: what -smallest does in the guest")
	flags.StringVar(&o.part, "part", "", "with -inside: search for this `PART`, threshold or a kind of bundle")
	flags.BoolVar(&o.quiet, "quiet", false, "do not show progress")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case o.count < 0 || o.seconds < 0 || o.smallest < 0 || o.peerStarts < 0:
		return o, errors.New("-count, -seconds, -smallest and -peerstarts: allowed are positive numbers")
	}
	if o.guests < 1 {
		return o, fmt.Errorf("-guests %d: allowed are positive numbers", o.guests)
	}
	if !o.allowsPart() {
		return o, fmt.Errorf("-part %q: allowed with -inside, and only then: threshold and the kinds of bundles", o.part)
	}
	if o.peerStarts == 0 {
		o.peerStarts = o.smallest
	}
	if len(o.only) == 0 {
		o.only = []string{"quick"}
	}
	if len(o.under) == 0 {
		o.under = []string{conditions[0].name}
	}
	for _, name := range o.under {
		known := func(c condition) bool { return c.name == name }
		if !slices.ContainsFunc(conditions, known) {
			return o, fmt.Errorf("no condition is called %q; allowed: free, pinned, busy", name)
		}
	}
	for _, name := range o.only {
		known := func(w workload) bool { return w.is(name) }
		if !slices.ContainsFunc(workloads, known) {
			return o, fmt.Errorf("no workload is called %q; -list shows them", name)
		}
	}
	return o, nil
}

func run(o options) error {
	if o.list {
		return listWorkloads(os.Stdout)
	}
	if o.smallest == 0 || o.inside {
		if err := isolate(); err != nil {
			return err
		}
	}
	scratch, err := newScratch()
	if err != nil {
		return err
	}
	defer scratch.remove()
	interrupted := make(chan os.Signal, 1)
	signal.Notify(interrupted, os.Interrupt, syscall.SIGTERM)
	b := &bench{options: o, scratch: scratch, interrupted: interrupted, progress: os.Stderr}
	switch {
	case o.inside:
		return b.searchHere(os.Stdout)
	case o.smallest > 0:
		return b.findSmallest(os.Stdout)
	}
	if _, err := unix.IoctlGetTermios(2, unix.TCGETS); o.quiet || err != nil {
		b.progress = io.Discard // progress is for people at a terminal
	}
	result, err := b.measureAll()
	if result == nil || len(result.Rows) == 0 {
		return err
	}
	return errors.Join(err, result.publish(o, os.Stdout)) // do not lose hours of measurements to an error at the end
}

// allowsPart reports whether there is a part to search for if this machine is a guest, and
// none otherwise.
func (o options) allowsPart() bool {
	if !o.inside {
		return o.part == ""
	}
	named := func(k smallestKind) bool { return k.name == o.part }
	return o.part == partThreshold || slices.ContainsFunc(smallestKinds, named)
}

// rounds returns how many rounds of a workload to play.
func (o options) rounds(w workload) int {
	switch {
	case o.count == 0:
		return w.rounds
	case slices.Contains(o.only, w.name):
		return o.count
	}
	return min(o.count, w.rounds)
}

func (o options) selects(w workload) bool { return slices.ContainsFunc(o.only, w.is) }

// conditions returns those that were asked for.
func (o options) conditions() []condition {
	var asked []condition
	for _, c := range conditions {
		if slices.Contains(o.under, c.name) {
			asked = append(asked, c)
		}
	}
	return asked
}
