package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Where the code says `SPEC.md, "Title"`, SPEC.md has a section of that title.
func TestEverySectionReferredToExists(t *testing.T) {
	titles := map[string]bool{}
	for _, line := range handWritten(readSpec(t)) {
		if marks, title, found := strings.Cut(line, " "); found && strings.Trim(marks, "#") == "" {
			_, title, _ = strings.Cut(title, " ") // its number
			titles[title] = true
		}
	}
	found := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || filepath.Base(filepath.Dir(path)) == "specgen" {
			return err
		}
		source, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, title := range referredTo(string(source)) {
			found++
			if !titles[title] {
				t.Errorf("%s refers to SPEC.md, %q: there is no such section", path, title)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found == 0 {
		t.Error("no reference was found")
	}
}

// referredTo returns the titles that a source file refers to, in comments, which
// may be wrapped, and in string literals.
func referredTo(source string) []string {
	unwrapped := strings.NewReplacer("\n// ", " ", "\n\t// ", " ", `\"`, `"`).Replace(source)
	var titles []string
	for _, after := range strings.Split(unwrapped, "SPEC.md")[1:] {
		for _, opening := range []string{`, "`, ` ("`} {
			if quoted, found := strings.CutPrefix(after, opening); found {
				title, _, _ := strings.Cut(quoted, `"`)
				titles = append(titles, title)
			}
		}
	}
	return titles
}
