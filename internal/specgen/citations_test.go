package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// Every requirement is cited by a test that proves it, and every citation names a
// requirement.
func TestEveryMustIsCited(t *testing.T) {
	musts, err := findMusts(readSpec(t))
	if err != nil {
		t.Fatal("SPEC.md: ", err)
	}
	citations, err := findCitations(root)
	if err != nil {
		t.Fatal(err)
	}
	cited := map[string]bool{}
	for _, citation := range citations {
		cited[citation.id] = true
		if !slices.ContainsFunc(musts, func(m must) bool { return m.id == citation.id }) {
			t.Errorf("%s cites %s, which is not in SPEC.md", citation.at, citation.id)
		}
	}
	var uncited []string
	for _, must := range musts {
		if !cited[must.id] {
			uncited = append(uncited, fmt.Sprintf("%-10s SPEC.md:%d: %s", must.id, must.line, must.text))
		}
	}
	if len(uncited) > 0 {
		t.Errorf("%d of %d requirements are cited by no test (`// SPEC: M-…` in the test that proves one):\n%s",
			len(uncited), len(musts), strings.Join(uncited, "\n"))
	}
}
