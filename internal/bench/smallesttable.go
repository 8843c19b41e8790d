package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
)

// columns defines the table's columns.
var columns = []struct {
	title string
	text  func(found) string
}{
	{"Runtime", func(f found) string { return f.Runtime }},
	{"Command", func(f found) string { return f.Verb }},
	{"Bundle", func(f found) string { return f.Kind }},
	{"pids.max", func(f found) string { return orNone(f.Pids, "%d", 1) }},
	{"memory.max", func(f found) string { return orNone(f.Memory, "%d KiB", 1<<10) }},
	{"Starts in a row", func(f found) string { return fmt.Sprint(f.Starts) }},
	{"Charged when created", func(f found) string {
		if f.Created == nil {
			return ""
		}
		return f.Created.text()
	}},
}

// limits is what was found, for people who watch the search.
func (f found) limits() string {
	return "pids.max " + orNone(f.Pids, "%d", 1) + ", memory.max " + orNone(f.Memory, "%d KiB", 1<<10)
}

// orNone formats a limit in a unit.
func orNone(limit int64, format string, unit int64) string {
	if limit == 0 {
		return "none that was tried"
	}
	return fmt.Sprintf(format, limit/unit)
}

// table prints the result for people.
func (s *smallest) table(to io.Writer) error {
	fmt.Fprintf(to, "%s\n%s, transparent huge pages: %s\n%s\n\n", s.Date.Format(time.DateTime), s.Kernel, s.HugePages, strings.Join(s.Versions, "\n"))
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	s.lines(func(cells []string) { fmt.Fprintln(table, strings.Join(cells, "\t")) })
	if s.Seconds > 0 {
		fmt.Fprintf(table, "stopped after %d s\n", s.Seconds)
	}
	if err := table.Flush(); err != nil || s.Threshold == nil {
		return err
	}
	var sides strings.Builder
	s.Threshold.markdown(&sides)
	_, err := fmt.Fprintf(to, "\n%s", &sides)
	return err
}

// markdown formats the result for a document.
func (s *smallest) markdown() string {
	var out strings.Builder
	fmt.Fprintf(&out, "\nMeasured on %s with\n\n    %s\n\nin the guest: %s, transparent huge pages: %s; %s.\n\n",
		s.Date.Format(time.DateTime+" UTC"), s.Command, s.Kernel, s.HugePages, strings.Join(s.Versions, ", "))
	heading := true
	s.lines(func(cells []string) {
		fmt.Fprintf(&out, "| %s |\n", strings.Join(cells, " | "))
		if heading {
			out.WriteString(strings.Repeat("|---", len(cells)) + "|\n")
		}
		heading = false
	})
	if s.Seconds > 0 {
		fmt.Fprintf(&out, "\nA search was stopped after %d s; what is missing was not searched for.\n", s.Seconds)
	}
	out.WriteString("\n")
	if s.Threshold != nil {
		s.Threshold.markdown(&out)
	}
	return out.String()
}

// lines calls give for the titles and for each row.
func (s *smallest) lines(give func(cells []string)) {
	var titles []string
	for _, column := range columns {
		titles = append(titles, column.title)
	}
	give(titles)
	for _, f := range s.Found {
		var cells []string
		for _, column := range columns {
			cells = append(cells, column.text(f))
		}
		give(cells)
	}
}
