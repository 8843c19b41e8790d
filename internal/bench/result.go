package main

import (
	"bufio"
	"bytes"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// result is the outcome of the benchmark.
type result struct {
	Date        time.Time
	Command     string
	Machine     string
	Kernel      string
	Contestants []description
	Rows        []row
	// Timeline is a run of the default bundle, as drawn by fsrun.
	Timeline string
}

// description describes a contestant.
type description struct {
	Name, Version string
	Size          int64 // bytes, including the shared libraries it is linked with
	Peak          int64 // resident memory of the largest process in a run, in bytes; 0 if not measured
}

// row is a row in the table.
type row struct {
	Name, Condition, What string
	Rounds                int
	Figures               []figures
}

// figures are a contestant's figures in a row.
type figures struct {
	Contestant string
	Wall, CPU  summary
	// Our times divided by the contestant's; nil for our own.
	WallRatio, CPURatio *ratio
}

func describeMachine(all []*contestant) (*result, error) {
	r := &result{Date: time.Now().UTC().Truncate(time.Second), Command: commandLine()}
	var name unix.Utsname
	if err := unix.Uname(&name); err != nil {
		return nil, err
	}
	text := func(field []byte) string { return string(bytes.TrimRight(field, "\x00")) }
	r.Kernel = text(name.Sysname[:]) + " " + text(name.Release[:]) + " " + text(name.Machine[:])
	r.Machine = processor() + ", " + plural(runtime.NumCPU(), "processor")
	for _, c := range all {
		r.Contestants = append(r.Contestants, description{c.name, c.version, c.size, c.peak})
	}
	return r, nil
}

// commandLine returns the command that repeats the benchmark.
func commandLine() string { return "go run ./internal/bench " + strings.Join(os.Args[1:], " ") }

// processor returns the processor's model name.
func processor() string {
	content, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "a machine without /proc/cpuinfo"
	}
	for lines := bufio.NewScanner(bytes.NewReader(content)); lines.Scan(); {
		if field, value, is := strings.Cut(lines.Text(), ":"); is && strings.TrimSpace(field) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// taking collects a workload's samples.
type taking struct {
	workload    workload
	condition   condition
	title       string
	contestants []string // in their order
	parts       []string // names of rows in order of appearance
	samples     map[[2]string][]sample
}

func newTaking(w workload, c condition, players []*player) *taking {
	title := w.name
	if c.name != conditions[0].name {
		title += " " + c.name
	}
	t := &taking{workload: w, condition: c, title: title, samples: map[[2]string][]sample{}}
	for _, player := range players {
		t.contestants = append(t.contestants, player.name)
	}
	return t
}

func (t *taking) add(contestant string, samples map[string]sample) {
	for _, part := range parts {
		one, has := samples[part]
		if !has {
			continue
		}
		key := [2]string{part, contestant}
		t.samples[key] = append(t.samples[key], one)
		if !slices.Contains(t.parts, part) {
			t.parts = append(t.parts, part)
		}
	}
}

// parts lists the names of all samples that a play can return, in the order of the table.
var parts = []string{"", "create", "start", "state", "exec", "kill", "delete", "create+start+delete"}

func (t *taking) rows() []row {
	var rows []row
	for _, part := range t.parts {
		r := row{Name: part, Condition: t.condition.name, What: part, Rounds: len(t.samples[[2]string{part, ours}])}
		if part == "" {
			r.Name, r.What = t.workload.name, t.workload.what
		}
		mine := t.samples[[2]string{part, ours}]
		for _, name := range t.contestants {
			theirs := t.samples[[2]string{part, name}]
			f := figures{Contestant: name, Wall: summarize(walls(theirs)), CPU: summarize(cpus(theirs))}
			if name != ours {
				wall, cpu := compare(walls(mine), walls(theirs)), compare(cpus(mine), cpus(theirs))
				f.WallRatio, f.CPURatio = &wall, &cpu
			}
			r.Figures = append(r.Figures, f)
		}
		rows = append(rows, r)
	}
	return rows
}

func walls(samples []sample) (all []time.Duration) {
	for _, s := range samples {
		all = append(all, s.wall)
	}
	return all
}

func cpus(samples []sample) (all []time.Duration) {
	for _, s := range samples {
		all = append(all, s.cpu)
	}
	return all
}
