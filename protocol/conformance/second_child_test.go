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

// mostLines bounds the length of the second child: SPEC.md does not require much.
const mostLines = 400

// TestSecondChild plays the stories, and every state and kind, against a child in another
// language, written from SPEC.md alone: the document is sufficient, and the kit requires
// nothing that is not in it. The command conform also plays the deviations.
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
