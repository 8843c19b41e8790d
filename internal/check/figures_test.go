package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fsrun/fsrun/internal/vm/testlog"
)

func TestFigureLines(t *testing.T) {
	lines := figureLines([]result{
		{Name: "native", Figures: []testlog.Figure{{Name: "model states", Value: "12345"}, {Name: "fault cells", Value: "7/8"}}},
		{Name: "guest", Figures: []testlog.Figure{{Name: "model states", Value: "12345"}, {Name: "fault cells", Value: "8/8"}}},
	})
	want := []string{
		"     fault cells                                     7/8  native",
		"     fault cells                                     8/8  guest",
		"     model states                                  12345  native, guest",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

// Figures of the same kind are added up, so that the summary has one number.
func TestFiguresOfAKindAreSummed(t *testing.T) {
	lines := figureLines([]result{{Name: "native", Figures: []testlog.Figure{
		{Name: "fault cells, frames of run", Value: "7/8"}, {Name: "fault cells, kills of TestX", Value: "10/10"},
		{Name: "starts in a row, p50", Value: "2ms"}, {Name: "rows, fired", Value: "3/3"},
	}}})
	want := []string{
		"     fault cells                                   17/18  native",
		"     fault cells, frames of run                      7/8  native",
		"     fault cells, kills of TestX                   10/10  native",
		"     rows, fired                                     3/3  native",
		"     starts in a row, p50                            2ms  native",
	}
	if diff := cmp.Diff(want, lines); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}
