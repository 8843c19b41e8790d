package conformance

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Report is the result of many cases.
type Report struct {
	Subject  string    `json:"subject"`
	Passed   int       `json:"passed"`
	Failed   int       `json:"failed"`
	Skipped  int       `json:"skipped"`
	Musts    []Must    `json:"musts"`
	Failures []Failure `json:"failures,omitempty"`
}

// Must is the result of the cases that test one requirement.
type Must struct {
	ID     string `json:"id"`
	Passed int    `json:"passed"`
	Failed int    `json:"failed"`
}

// Failure is a case that failed.
type Failure struct {
	Name  string   `json:"name"`
	Musts []string `json:"musts"`
	Why   string   `json:"why"`
	Story string   `json:"story"` // as it went
}

// Options say which cases to play and how.
type Options struct {
	Slow     bool // include cases that wait for a deadline that cannot be shortened
	Parallel int  // how many cases to play at a time
}

// Run plays the cases. Those that the machine or the options rule out count as skipped.
func Run(subject Subject, cases []Case, o Options) Report {
	var r Report
	var lock sync.Mutex
	var playing sync.WaitGroup
	musts := map[string]*Must{}
	room := make(chan struct{}, max(1, o.Parallel))
	for _, c := range cases {
		r.Subject = c.Subject
		chooser, chooses := subject.(interface{ Plays(*Case) bool })
		if c.Slow && !o.Slow || c.Root && os.Geteuid() != 0 || chooses && !chooser.Plays(&c) {
			r.Skipped++
			continue
		}
		room <- struct{}{}
		playing.Go(func() {
			told, err := Play(subject, c)
			<-room
			lock.Lock()
			defer lock.Unlock()
			for _, id := range c.Musts {
				must := musts[id]
				if must == nil {
					must = &Must{ID: id}
					musts[id] = must
				}
				if err == nil {
					must.Passed++
				} else {
					must.Failed++
				}
			}
			if err == nil {
				r.Passed++
				return
			}
			r.Failed++
			r.Failures = append(r.Failures, Failure{c.Name, c.Musts, err.Error(), told.String()})
		})
	}
	playing.Wait()
	for _, id := range slices.SortedFunc(maps.Keys(musts), compareMusts) {
		r.Musts = append(r.Musts, *musts[id])
	}
	slices.SortFunc(r.Failures, func(a, b Failure) int { return strings.Compare(a.Name, b.Name) })
	return r
}

// compareMusts sorts M-ENC-2 before M-ENC-10.
func compareMusts(a, b string) int {
	section := func(id string) (string, int) {
		at := strings.LastIndexByte(id, '-')
		number, _ := strconv.Atoi(id[at+1:])
		return id[:at], number
	}
	oneSection, one := section(a)
	otherSection, other := section(b)
	return cmp.Or(strings.Compare(oneSection, otherSection), cmp.Compare(one, other))
}

// Write writes the report for people.
func (r *Report) Write(to io.Writer) {
	for _, failure := range r.Failures {
		fmt.Fprintf(to, "FAIL %s (%s)\n     %s\n", failure.Name, strings.Join(failure.Musts, ", "), failure.Why)
		for line := range strings.Lines(failure.Story) {
			fmt.Fprintf(to, "     | %s", line)
		}
	}
	fmt.Fprintf(to, "%-12s %6s %6s\n", "requirement", "passed", "failed")
	for _, must := range r.Musts {
		fmt.Fprintf(to, "%-12s %6d %6d\n", must.ID, must.Passed, must.Failed)
	}
	fmt.Fprintf(to, "%s: %d cases passed, %d failed, %d skipped\n", r.Subject, r.Passed, r.Failed, r.Skipped)
}

// WriteJSON writes the report for programs.
func (r *Report) WriteJSON(to io.Writer) error { return json.NewEncoder(to).Encode(r) }
