package conformance_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"github.com/fsrun/fsrun/protocol/conformance"
)

// mostLines is what the second child stays below: SPEC.md asks for little.
const mostLines = 400

// TestSecondChild plays the stories, and every state and kind, against a child in
// another language, which was written from SPEC.md alone: the document is enough,
// and the kit asks for nothing but what stands there. The command conform plays
// the deviations, too.
func TestSecondChild(t *testing.T) {
	if _, err := exec.LookPath("python3"); err != nil {
		t.Skip("native only: python3 is not installed")
	}
	program, err := filepath.Abs("testdata/child.py")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(program); err != nil || bytes.Count(text, []byte("\n")) >= mostLines {
		t.Errorf("it is to be tiny, of less than %d lines: %v", mostLines, err)
	}
	cases := slices.Concat(told(t, conformance.Child), conformance.Matrix(conformance.Child))
	report := conformance.Run(conformance.ChildProgram{Path: program, Env: os.Environ()}, cases, conformance.Options{Parallel: 4})
	judge(t, &report)
	t.Logf("figure: conformance cases (second child) %d/%d", report.Passed, report.Passed+report.Failed)
}
