package testlog

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFigures(t *testing.T) {
	var tally Tally
	for _, output := range []string{
		"    model_test.go:12: figure: model states 12345\n",
		"figure: seeded bugs 24/24\n",
		"    model_test.go:12: figure: model states 12346\n", // from a later run
		"    model_test.go:13: a figure: of speech 1\n",
		"figure: nothing\n",
		"figure: \n",
		"=== RUN   TestFigures\n",
	} {
		tally.Add(Event{Action: "output", Package: "p", Test: "TestGood", Output: output})
	}
	want := []Figure{{"model states", "12346"}, {"seeded bugs", "24/24"}}
	if diff := cmp.Diff(want, tally.Figures()); diff != "" {
		t.Errorf("figures (-want +got):\n%s", diff)
	}
	for i := range 2 * MaxFigures {
		tally.Add(Event{Action: "output", Package: "p", Output: fmt.Sprintf("figure: f%d 1\n", i)})
	}
	if got := len(tally.Figures()); got != MaxFigures {
		t.Errorf("%d figures are kept", got)
	}
}
