package main

import "strings"

// table is a Markdown table.
type table struct{ text strings.Builder }

func newTable(heads ...string) *table {
	t := new(table)
	t.row(heads...)
	t.text.WriteString("|" + strings.Repeat("---|", len(heads)) + "\n")
	return t
}

func (t *table) row(cells ...string) {
	for i, cell := range cells {
		cells[i] = orDash(strings.ReplaceAll(cell, "|", `\|`))
	}
	t.text.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func (t *table) String() string { return t.text.String() }

func orDash(text string) string {
	if text == "" {
		return "–"
	}
	return text
}

// code formats text as code, and an empty text as empty.
func code[T ~string](text T) string {
	if text == "" {
		return ""
	}
	return "`" + string(text) + "`"
}

// listed joins the names of those that have one.
func listed[T any](all []T, name func(T) string) string {
	var names []string
	for _, one := range all {
		names = append(names, name(one))
	}
	return strings.Join(names, ", ")
}

// fenced returns a fenced block in a language.
func fenced(language, content string) string {
	return "```" + language + "\n" + strings.TrimSuffix(content, "\n") + "\n```\n"
}
