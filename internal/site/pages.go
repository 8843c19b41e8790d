package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// page is a page of the site.
type page struct {
	Source string `json:"-"`     // relative to the module
	Name   string `json:"name"`  // the page's address without .html
	Title  string `json:"title"` // its first heading
	Group  string `json:"group"` // in the sidebar
}

// The groups in the sidebar, in order. Pages in docs/ that are not listed come last.
var groups = []struct {
	title string
	pages []string
}{
	{"Begin", []string{"install", "tutorial", "commands"}},
	{"Run it under", []string{"migrating", "engines", "kubernetes", "cgroups"}},
	{"How it works", []string{"architecture", "protocol", "tracing", "limits", "embedding"}},
	{"What it promises", []string{"security", "verification", "performance", "oci"}},
	{"Reference", []string{"spec", "contributing"}},
}

const home = "index"

// elsewhere lists the pages whose source is not in docs/.
var elsewhere = map[string]string{"spec": "SPEC.md", "contributing": "CONTRIBUTING.md"}

// findPages returns the pages in the order of the sidebar, home page first.
func findPages(module string) ([]page, error) {
	sources := map[string]string{}
	found, err := filepath.Glob(filepath.Join(module, "docs", "*.md"))
	if err != nil {
		return nil, err
	}
	for _, path := range found {
		base := filepath.Base(path)
		sources[strings.TrimSuffix(base, ".md")] = filepath.Join("docs", base)
	}
	for name, source := range elsewhere {
		if sources[name] != "" {
			return nil, fmt.Errorf("%s and %s would be the same page", sources[name], source)
		}
		sources[name] = source
	}
	if sources[home] == "" {
		return nil, errors.New("docs/index.md is missing: the home page")
	}
	var pages []page
	add := func(name, group string) error {
		if sources[name] == "" {
			return nil
		}
		title, err := "fsrun", error(nil)
		if name != home {
			title, err = heading(filepath.Join(module, sources[name]))
		}
		pages = append(pages, page{sources[name], name, title, group})
		delete(sources, name)
		return err
	}
	err = add(home, "")
	for _, group := range groups {
		for _, name := range group.pages {
			err = errors.Join(err, add(name, group.title))
		}
	}
	var rest []string
	for name := range sources {
		rest = append(rest, name)
	}
	slices.Sort(rest)
	for _, name := range rest {
		err = errors.Join(err, add(name, groups[len(groups)-1].title))
	}
	return pages, err
}

// heading returns a page's title: its first line that begins with "# ".
func heading(path string) (string, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(content)) {
		if title, found := strings.CutPrefix(line, "# "); found {
			return strings.TrimSpace(title), nil
		}
	}
	return "", fmt.Errorf("%s has no heading", path)
}
