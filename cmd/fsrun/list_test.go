package main

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// On a terminal the table is made to fit as long as there is room for its numbers; for a
// script nothing is cut.
func TestListFits(t *testing.T) {
	states := []stateJSON{
		{ID: "web", PID: 4711, Status: "running", Bundle: "/srv/containers/web", Created: time.Unix(1e9, 123456789).UTC(), Owner: "root"},
		{ID: strings.Repeat("long", 16), PID: 4712, Status: "paused", Bundle: "/srv/" + strings.Repeat("deep/", 20), Created: time.Unix(1e9, 0).UTC(), Owner: "root"},
	}
	for _, width := range []int{80, 100, 132} {
		var table strings.Builder
		if err := writeList(&table, true, width, states); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(table.String()) {
			if length := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); length > width {
				t.Errorf("%d columns of %d: %q", length, width, line)
			}
		}
		if !strings.Contains(table.String(), "web ") || !strings.Contains(table.String(), "…") || strings.Contains(table.String(), ".123456789") {
			t.Errorf("%d:\n%s", width, table.String())
		}
	}
	var whole strings.Builder
	if err := writeList(&whole, false, 80, states); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{states[1].ID, states[1].Bundle, ".123456789Z", "ID  ", "  4711"} {
		if !strings.Contains(whole.String(), want) {
			t.Errorf("%q is missing:\n%s", want, whole.String())
		}
	}
}
