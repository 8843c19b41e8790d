package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// repository is the address of files that are not pages.
const repository = "https://github.com/fsrun/fsrun/blob/main/"

// relativeLink matches a Markdown link to a file in the repository, with or without a
// fragment. Links with a scheme, and those within a page, do not match.
var relativeLink = regexp.MustCompile(`\]\(([^)#:\s]+)(#[^)\s]*)?\)`)

// pictures are copied beside the pages that show them.
var pictures = []string{".svg", ".png"}

// rewriteLinks converts the links in a Markdown file from the repository's to the site's. A
// link to a missing file is an error. Code is left alone.
func rewriteLinks(module string, pages []page, source, content string) (string, error) {
	names := map[string]string{"README.md": home}
	for _, page := range pages {
		names[page.Source] = page.Name
	}
	var problems []error
	rewrite := func(link string) string {
		parts := relativeLink.FindStringSubmatch(link)
		path := filepath.Join(filepath.Dir(source), parts[1])
		if name := names[path]; name != "" {
			return "](./" + name + ".md" + fragment(parts[2]) + ")"
		}
		if _, err := os.Stat(filepath.Join(module, path)); err != nil {
			problems = append(problems, fmt.Errorf("%s links to %s, which is not there", source, parts[1]))
		} else if filepath.Dir(path) == "docs" && slices.Contains(pictures, filepath.Ext(path)) {
			return "](./" + filepath.Base(path) + ")"
		}
		return "](" + repository + path + parts[2] + ")"
	}
	var out strings.Builder
	fenced := false
	for line := range strings.Lines(content) {
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if !fenced {
			line = relativeLink.ReplaceAllStringFunc(line, rewrite)
		}
		out.WriteString(line)
	}
	return out.String(), errors.Join(problems...)
}

// fragment converts a fragment to the site's form, in which no ID begins with a digit.
func fragment(link string) string {
	if id, found := strings.CutPrefix(link, "#"); found && id != "" && id[0] >= '0' && id[0] <= '9' {
		return "#_" + id
	}
	return link
}
