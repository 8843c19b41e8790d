package conformance_test

import (
	"slices"
	"strings"
	"testing"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/conformance"
)

// everyOption includes slow cases; in memory there are none.
var everyOption = conformance.Options{Slow: true, Parallel: 16}

// TestTables plays every state and kind, and every deviation, against the tables alone.
//
// SPEC: M-ENC-10, M-SM-1, M-SM-2, M-SM-3, M-TRUST-2, M-DET-4
func TestTables(t *testing.T) {
	for _, subject := range []struct {
		name string
		memory
	}{{conformance.Child, memory{child.Table}}, {conformance.Parent, memory{parent.Table}}} {
		t.Run(subject.name, func(t *testing.T) {
			cases := slices.Concat(conformance.Matrix(subject.name), conformance.Deviations(subject.name))
			report := conformance.Run(subject.memory, cases, everyOption)
			judge(t, &report)
			t.Logf("figure: conformance cases in memory (%s) %d/%d", subject.name, report.Passed, len(cases))
			two := conformance.TwoDeviations(subject.name)
			report = conformance.Run(subject.memory, two, everyOption)
			judge(t, &report)
			t.Logf("figure: two-step deviations in memory (%s) %d/%d", subject.name, report.Passed, len(two))
		})
	}
}

// judge shows what failed.
func judge(t *testing.T, report *conformance.Report) {
	t.Helper()
	if report.Failed > 0 || report.Passed == 0 {
		var text strings.Builder
		report.Failures = report.Failures[:min(5, len(report.Failures))]
		report.Write(&text)
		t.Error(text.String())
	}
}
