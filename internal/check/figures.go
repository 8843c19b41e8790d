package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

// figureLines returns a line for each figure, with the steps that found it. A figure with
// two different values has two lines.
func figureLines(results []result) []string {
	steps := map[testlog.Figure][]string{}
	var figures []testlog.Figure
	for _, r := range results {
		for _, figure := range slices.Concat(r.Figures, sums(r.Figures)) {
			if len(steps[figure]) == 0 {
				figures = append(figures, figure)
			}
			steps[figure] = append(steps[figure], r.Name)
		}
	}
	slices.SortStableFunc(figures, func(a, b testlog.Figure) int { return strings.Compare(a.Name, b.Name) })
	var lines []string
	for _, figure := range figures {
		lines = append(lines, fmt.Sprintf("     %-40s %10s  %s", figure.Name, figure.Value, strings.Join(steps[figure], ", ")))
	}
	return lines
}

// sums adds up a step's figures of the same kind: figures such as "fault cells, kills of
// TestX" whose values are shares such as 12/12 become one called "fault cells".
func sums(figures []testlog.Figure) []testlog.Figure {
	type share struct{ part, whole, count int }
	found := map[string]share{}
	for _, figure := range figures {
		kind, _, is := strings.Cut(figure.Name, ", ")
		var part, whole int
		if _, err := fmt.Sscanf(figure.Value, "%d/%d", &part, &whole); err != nil || !is {
			continue
		}
		sum := found[kind]
		found[kind] = share{sum.part + part, sum.whole + whole, sum.count + 1}
	}
	var all []testlog.Figure
	for kind, sum := range found {
		if sum.count > 1 {
			all = append(all, testlog.Figure{Name: kind, Value: fmt.Sprintf("%d/%d", sum.part, sum.whole)})
		}
	}
	return all
}
