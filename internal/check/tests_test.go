package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite testdata")

// TestWhereTestsRun compares where each package's tests run with a list. That depends on
// what they import, so without the list an import could stop tests from running somewhere
// unnoticed.
func TestWhereTestsRun(t *testing.T) {
	t.Chdir("../..")
	const list = "internal/check/testdata/where.txt"
	module, err := loadModule(t.Context(), architectures[0])
	if err != nil {
		t.Fatal(err)
	}
	var content strings.Builder
	for _, found := range module.own() {
		if !found.hasTests() {
			continue
		}
		where := "native"
		if module.isRaced(found) {
			where += " race"
		}
		if module.isForGuest(found) {
			where += " guest"
		}
		fmt.Fprintf(&content, "%-45s %s\n", strings.TrimPrefix(found.ImportPath, module.path+"/"), where)
	}
	if *update {
		if err := os.WriteFile(list, []byte(content.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	recorded, err := os.ReadFile(list)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(recorded), content.String()); diff != "" {
		t.Errorf("where tests run (-recorded +is), if it is meant so, -update records it:\n%s", diff)
	}
}
