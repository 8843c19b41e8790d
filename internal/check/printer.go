package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// result is the result of a step.
type result struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	Passed  int     `json:"passed"`
	Failed  int     `json:"failed"`
	Skipped int     `json:"skipped"`
	Error   string  `json:"error,omitempty"`
	// Figures are what the step's tests reported.
	Figures []testlog.Figure `json:"figures,omitempty"`
}

func (r result) verdict() string {
	if r.Error != "" {
		return "FAIL"
	}
	return "ok  "
}

// printer shows progress to people, and results to programs.
type printer struct {
	people  io.Writer
	objects *json.Encoder // nil if not asked for
	results []result
}

func newPrinter(asJSON bool) *printer {
	if asJSON {
		return &printer{people: os.Stderr, objects: json.NewEncoder(os.Stdout)}
	}
	return &printer{people: os.Stdout}
}

// say shows a line.
func (p *printer) say(format string, arguments ...any) {
	fmt.Fprintf(p.people, format+"\n", arguments...)
}

// result shows and keeps a step's result.
func (p *printer) result(r result) {
	p.results = append(p.results, r)
	p.say("%s", r.line())
	if r.Error != "" {
		p.say("\t%s\n", strings.ReplaceAll(strings.TrimSpace(r.Error), "\n", "\n\t"))
	}
	if p.objects != nil {
		if err := p.objects.Encode(r); err != nil {
			p.say("check: %v", err)
		}
	}
}

// summary shows all results and reports whether every step passed.
func (p *printer) summary() bool {
	var total result
	good := len(p.results) > 0
	p.say("\nsummary")
	for _, r := range p.results {
		p.say("%s", r.line())
		total.Passed += r.Passed
		total.Failed += r.Failed
		total.Skipped += r.Skipped
		good = good && r.Error == ""
	}
	for _, line := range figureLines(p.results) {
		p.say("%s", line)
	}
	p.say("%s", testlog.Line(total.Passed, total.Failed, total.Skipped))
	return good
}

func (r result) line() string {
	elapsed := time.Duration(r.Seconds * float64(time.Second)).Round(100 * time.Millisecond)
	return fmt.Sprintf("%s %-10s %8s  %s", r.verdict(), r.Name, elapsed, testlog.Line(r.Passed, r.Failed, r.Skipped))
}
