package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Each exclusion is for a program in the suite, and each test that is named in its place
// exists.
func TestExclusionsAreOfThisRepository(t *testing.T) {
	exclusions, err := readExclusions(excludedText)
	if err != nil {
		t.Fatal(err)
	}
	module, err := os.ReadFile("suite/go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	for _, e := range exclusions {
		if !strings.Contains(string(module), suiteModule+"/validation/"+e.program+"\n") {
			t.Errorf("%s is none of the suite's programs", e.program)
		}
		if key := e.program + ": " + e.text; slices.Contains(seen, key) {
			t.Errorf("%s is listed twice", key)
		} else {
			seen = append(seen, key)
		}
		for _, instead := range e.instead {
			if !hasTest(t, instead) {
				t.Errorf("%s: there is no test %s", e.program, instead)
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d exclusions were read", len(seen))
	}
}

// hasTest reports whether a package has a test: "cgroupv2 TestCreate".
func hasTest(t *testing.T, name string) bool {
	t.Helper()
	directory, test, _ := strings.Cut(name, " ")
	files, err := filepath.Glob("../../" + directory + "/*_test.go")
	if err != nil || len(files) == 0 {
		t.Errorf("%s has no tests (%v)", directory, err)
	}
	return slices.ContainsFunc(files, func(file string) bool {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Error(err)
		}
		return strings.Contains(string(content), "func "+test+"(t *testing.T)")
	})
}

func TestReadExclusionsRefuses(t *testing.T) {
	for name, content := range map[string]string{
		"no reason":   "program: a\ninstead: p T",
		"no test":     "program: a\nwhy: b",
		"unknown key": "program: a\nreason: b",
	} {
		if _, err := readExclusions(content); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
