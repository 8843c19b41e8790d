package testlog

import (
	"cmp"
	"regexp"
	"slices"
)

// Figure is a number that a test found and that is worth showing to people. A
// test reports it by a log line of its own:
//
//	t.Logf("figure: model states %d", states)
type Figure struct {
	Name  string // such as model states
	Value string // the last word of the line, such as 12345 or 24/24
}

// MaxFigures bounds how many figures of a run are kept.
const MaxFigures = 200

var figureLine = regexp.MustCompile(`(?m)^(?:\s+\S+\.go:\d+: )?figure: (\S.{0,78}\S|\S) (\S{1,40})$`)

// Figures returns the figures that the tests reported, sorted by name. Of two values for
// the same name, the later one counts.
func (t *Tally) Figures() []Figure {
	figures := slices.Clone(t.figures)
	slices.SortFunc(figures, func(a, b Figure) int { return cmp.Compare(a.Name, b.Name) })
	return figures
}

func (t *Tally) figure(output string) {
	for _, found := range figureLine.FindAllStringSubmatch(output, -1) {
		t.Report(Figure{found[1], found[2]})
	}
}

// Report adds a figure that was not found in a test's log.
func (t *Tally) Report(figure Figure) {
	same := func(other Figure) bool { return other.Name == figure.Name }
	if i := slices.IndexFunc(t.figures, same); i >= 0 {
		t.figures[i] = figure
	} else if len(t.figures) < MaxFigures {
		t.figures = append(t.figures, figure)
	}
}
