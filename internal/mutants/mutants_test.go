package main

import (
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const root = "../.."

// Every guard is in the code exactly as the table says, and its test exists. Whether the
// test notices is for the command to find out.
func TestTableIsCurrent(t *testing.T) {
	for _, m := range mutants {
		if _, err := m.overlay(root, t.TempDir()); err != nil {
			t.Error(err)
		}
		for name := range strings.SplitSeq(m.test, "|") {
			function, _, _ := strings.Cut(name, "/")
			if exec.Command("grep", "-rqE", "^func "+function, root+"/"+m.directory).Run() != nil {
				t.Errorf("%s (%s): there is no %s in %s", m.class, m.guard, function, m.directory)
			}
		}
	}
}

// Every class in docs/security.md has a test that names it, and a guard that is removed.
func TestEveryClassHasAGuard(t *testing.T) {
	document, err := os.ReadFile(root + "/docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	for number := 1; number <= 20; number++ {
		class := fmt.Sprint("V", number)
		if !strings.Contains(string(document), "\n| "+class+" | ") {
			t.Errorf("docs/security.md has no class %s", class)
		}
		if exec.Command("grep", "-rqE", "(//|#) CLASS: (V[0-9]+, )*"+class+"\\b", root+"/cmd", root+"/child", root+"/parent", root+"/testdata").Run() != nil {
			t.Errorf("no test is of class %s", class)
		}
		if !slices.ContainsFunc(mutants, func(m mutant) bool { return m.class == class }) {
			t.Errorf("no guard against %s is taken out", class)
		}
	}
}
