package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/checkout"
)

// Every page is found, and every link in it leads to something in the repository.
func TestPagesAndLinks(t *testing.T) {
	module, err := checkout.Directory()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := findPages(module)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, page := range pages {
		names = append(names, page.Name)
		content, err := os.ReadFile(filepath.Join(module, page.Source))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := rewriteLinks(module, pages, page.Source, string(content)); err != nil {
			t.Error(err)
		}
	}
	if names[0] != home || !slices.Contains(names, "spec") || !slices.Contains(names, "tutorial") {
		t.Errorf("pages: %v", names)
	}
	readme, err := os.ReadFile(filepath.Join(module, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rewriteLinks(module, pages, "README.md", string(readme)); err != nil {
		t.Error(err)
	}
}

func TestLinksAreRewritten(t *testing.T) {
	module := t.TempDir()
	if err := os.Mkdir(filepath.Join(module, "docs"), 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"go.mod", "SPEC.md", "docs/a.svg"} {
		if err := os.WriteFile(filepath.Join(module, name), nil, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	pages := []page{{Source: "SPEC.md", Name: "spec"}, {Source: "docs/a.md", Name: "a"}}
	for content, want := range map[string]string{
		"[x](../SPEC.md#7-states)":        "[x](./spec.md#_7-states)",
		"[x](a.md) and [y](#here)":        "[x](./a.md) and [y](#here)",
		"![x](a.svg)":                     "![x](./a.svg)",
		"[x](../go.mod)":                  "[x](" + repository + "go.mod)",
		"[x](https://example.org/a.md)":   "[x](https://example.org/a.md)",
		"```\n[x](../go.mod)\n```":        "```\n[x](../go.mod)\n```",
		"[a](../missing.md) is not there": "",
	} {
		got, err := rewriteLinks(module, pages, "docs/b.md", content)
		if want == "" {
			if err == nil || !strings.Contains(err.Error(), "missing.md") {
				t.Errorf("%q: %v", content, err)
			}
		} else if got != want || err != nil {
			t.Errorf("%q becomes %q, want %q: %v", content, got, want, err)
		}
	}
}

// Every recording is a path through both tables, from a beginning to an end.
func TestStories(t *testing.T) {
	told, err := stories()
	if err != nil {
		t.Fatal(err)
	}
	machines := map[string]drawnMachine{"parent": drawMachine(tables.Parent), "child": drawMachine(tables.Child)}
	for _, story := range told {
		for _, walk := range story.Walks {
			at := map[string]string{}
			for name, state := range walk.First {
				at[name] = string(state)
			}
			for _, step := range walk.Steps {
				rows := machines[step.Machine].Rows
				i := slices.IndexFunc(rows, func(row drawnRow) bool { return row.ID == step.Row })
				if i < 0 || rows[i].From != at[step.Machine] {
					t.Fatalf("%s: %s takes %s in %s", story.Title, step.Machine, step.Row, at[step.Machine])
				}
				at[step.Machine] = rows[i].To
			}
			if len(walk.Steps) == 0 || at["parent"] != "running" && at["parent"] != "detached" && at["parent"] != "failed" {
				t.Errorf("%s: the parent ends in %s", story.Title, at["parent"])
			}
		}
	}
}
