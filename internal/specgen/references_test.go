package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// headings returns those of SPEC.md, with their numbers.
func headings(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, line := range handWritten(readSpec(t)) {
		if marks, heading, found := strings.Cut(line, " "); found && strings.Trim(marks, "#") == "" {
			all = append(all, heading)
		}
	}
	return all
}

// Where the code says `SPEC.md, "Title"`, SPEC.md has a section of that title.
func TestEverySectionReferredToExists(t *testing.T) {
	titles := map[string]bool{}
	for _, heading := range headings(t) {
		_, title, _ := strings.Cut(heading, " ") // its number
		titles[title] = true
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

// Documents refer to sections of SPEC.md with links, which lead somewhere and show what is
// meant; a number alone does neither.
func TestDocumentsLinkToSections(t *testing.T) {
	anchors := map[string]bool{}
	for _, heading := range headings(t) {
		anchors[anchor(heading)] = true
	}
	documents, err := filepath.Glob(root + "/docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	link, number := regexp.MustCompile(`SPEC\.md#([^)\s]*)`), regexp.MustCompile(`\b[Ss]ection \d+`)
	found := 0
	for _, document := range append(documents, root+"/README.md", root+"/CONTRIBUTING.md") {
		content, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		for _, link := range link.FindAllStringSubmatch(string(content), -1) {
			found++
			if !anchors[link[1]] {
				t.Errorf("%s links to %s: there is no such section", document, link[0])
			}
		}
		if number := number.Find(content); number != nil {
			t.Errorf("%s: %q: link to SPEC.md's section instead", document, number)
		}
	}
	if found == 0 {
		t.Error("no link was found")
	}
}

// anchor returns the fragment of a link to a heading.
func anchor(heading string) string {
	kept := regexp.MustCompile(`[^\w\s-]`).ReplaceAllString(strings.ToLower(heading), "")
	return strings.ReplaceAll(kept, " ", "-")
}

// referredTo returns the titles that a source file refers to, in comments, which may be
// wrapped, and in string literals.
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
