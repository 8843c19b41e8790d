package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"
)

// publish writes the result in every format that was asked for.
func (r *result) publish(o options, to io.Writer) error {
	if err := r.table(to); err != nil {
		return err
	}
	if o.json != "" {
		content, err := json.MarshalIndent(r, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(o.json, append(content, '\n'), 0o644); err != nil {
			return err
		}
	}
	if o.chart != "" {
		if err := os.WriteFile(o.chart, []byte(r.chart()), 0o644); err != nil {
			return err
		}
	}
	if o.document == "" {
		return nil
	}
	chart := strings.TrimSuffix(o.document, filepath.Ext(o.document)) + ".svg"
	if err := os.WriteFile(chart, []byte(r.chart()), 0o644); err != nil {
		return err
	}
	return renew(o.document, r.markdown(filepath.Base(chart)))
}

// table prints the figures for people.
func (r *result) table(to io.Writer) error {
	fmt.Fprintf(to, "%s\n%s, %s\n", r.Date.Format(time.DateTime), r.Machine, r.Kernel)
	for _, c := range r.Contestants {
		fmt.Fprintf(to, "%s: %s, %s, %s resident in its largest process\n", c.Name, c.Version, mebibytes(c.Size), c.peakText())
	}
	fmt.Fprintln(to)
	table := tabwriter.NewWriter(to, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(table, "workload\tcondition\twho\twall\tp99\tcpu\tp99\tfsrun/it wall\t95 %\tcpu\t95 %\t")
	for _, row := range r.Rows {
		for _, f := range row.Figures {
			fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t\n", row.Name, row.Condition, f.Contestant,
				milliseconds(f.Wall.Median), milliseconds(f.Wall.P99), milliseconds(f.CPU.Median), milliseconds(f.CPU.P99),
				f.WallRatio.columns(), f.CPURatio.columns())
		}
	}
	return table.Flush()
}

// columns formats a ratio and its interval, separated by a tab.
func (r *ratio) columns() string {
	if r == nil {
		return "\t"
	}
	return fmt.Sprintf("%.2f\t%s", r.Median, r.interval())
}

func milliseconds(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func mebibytes(size int64) string { return fmt.Sprintf("%.1f MiB", float64(size)/(1<<20)) }

// peakText formats the peak if it was measured.
func (d description) peakText() string {
	if d.Peak == 0 {
		return "unknown"
	}
	return mebibytes(d.Peak)
}

func plural(count int, noun string) string {
	if count == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", count, noun)
}
