package main

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// CONTRIBUTING.md has a row for every package, or for a package above it whose row covers
// those below, and no row for one that does not exist.
func TestEveryPackageIsInTheTable(t *testing.T) {
	t.Chdir("../..")
	module, err := loadModule(t.Context(), architectures[0])
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile("CONTRIBUTING.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, found := strings.Cut(string(content), "\n| Package | What it is for |\n")
	if !found {
		t.Fatal("CONTRIBUTING.md has no table of packages")
	}
	table, _, _ = strings.Cut(table, "\n\n")
	var rows []string
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(table, -1) {
		rows = append(rows, strings.TrimSuffix(row[1], "/"))
	}
	for _, one := range module.own() {
		if !module.matchesAny(one.ImportPath, rows) {
			t.Errorf("%s is in no row", module.relative(one.ImportPath))
		}
	}
	for _, row := range rows {
		isIt := func(one *goPackage) bool { return module.matches(one.ImportPath, row) }
		if !slices.ContainsFunc(module.own(), isIt) {
			t.Errorf("a row tells of %s, which is not there", row)
		}
	}
}
