package main

import (
	"errors"
	"fmt"
	"strings"
)

// A generated part is between a begin and an end marker, each on a line of its own.
const (
	beginPrefix = "<!-- generated: "
	beginSuffix = " -->"
	endMarker   = "<!-- end -->"
)

// section is a generated part of the document.
type section struct {
	name   string
	render func() (string, error)
}

// rewrite returns the document with every generated part replaced. Every section must occur
// exactly once, with nothing else between its markers.
func rewrite(document string, sections []section) (string, error) {
	var out strings.Builder
	used := map[string]bool{}
	within := ""
	for number, line := range lines(document) {
		name, begins := marked(line)
		switch {
		case begins && within != "":
			return "", fmt.Errorf("line %d: %s begins within %s", number+1, name, within)
		case begins:
			content, err := render(sections, name)
			if err != nil {
				return "", fmt.Errorf("line %d: %w", number+1, err)
			}
			if used[name] {
				return "", fmt.Errorf("line %d: a second part %s", number+1, name)
			}
			used[name] = true
			within = name
			fmt.Fprintf(&out, "%s\n\n%s\n\n", line, strings.Trim(content, "\n"))
		case line == endMarker && within == "":
			return "", fmt.Errorf("line %d: an end without a beginning", number+1)
		case line == endMarker:
			within = ""
			out.WriteString(line + "\n")
		case within == "":
			out.WriteString(line + "\n")
		}
	}
	if within != "" {
		return "", fmt.Errorf("part %s has no end", within)
	}
	return out.String(), missing(sections, used)
}

// handWritten returns the document without the content of its generated parts; line numbers
// do not change.
func handWritten(document string) []string {
	all := lines(document)
	within := false
	for i, line := range all {
		if _, begins := marked(line); begins {
			within = true
		}
		if within {
			all[i] = ""
		}
		if line == endMarker {
			within = false
		}
	}
	return all
}

func marked(line string) (name string, begins bool) {
	rest, begins := strings.CutPrefix(line, beginPrefix)
	if !begins {
		return "", false
	}
	return strings.CutSuffix(rest, beginSuffix)
}

func render(sections []section, name string) (string, error) {
	for _, section := range sections {
		if section.name == name {
			content, err := section.render()
			if err != nil {
				return "", fmt.Errorf("%s: %w", name, err)
			}
			return content, nil
		}
	}
	return "", fmt.Errorf("no part is named %q", name)
}

func missing(sections []section, used map[string]bool) error {
	var all []error
	for _, section := range sections {
		if !used[section.name] {
			all = append(all, fmt.Errorf("part %s stands nowhere", section.name))
		}
	}
	return errors.Join(all...)
}

func lines(text string) []string { return strings.Split(strings.TrimSuffix(text, "\n"), "\n") }
