package main

import (
	"fmt"
	"strings"
)

// must is a numbered requirement.
type must struct {
	id   string // such as M-ENC-3
	text string
	line int // in SPEC.md, counted from 1
}

const (
	mustPrefix = "- **M-"
	mustWord   = "MUST"
)

// findMusts returns every requirement in the hand-written part of the document. It is an
// error if an ID occurs twice, a requirement lacks the word, or the word occurs outside of
// a requirement.
func findMusts(document string) ([]must, error) {
	var all []must
	seen := map[string]bool{}
	within := false // in the following lines of the item
	for i, line := range handWritten(document) {
		switch {
		case strings.HasPrefix(line, mustPrefix):
			id, text, closed := strings.Cut(strings.TrimPrefix(line, "- **"), "** ")
			if !closed || !isMustID(id) {
				return nil, fmt.Errorf("line %d: not an identifier: %s", i+1, line)
			}
			if seen[id] {
				return nil, fmt.Errorf("line %d: a second %s", i+1, id)
			}
			seen[id] = true
			all = append(all, must{id, text, i + 1})
			within = true
		case within && strings.HasPrefix(line, "  "):
			all[len(all)-1].text += " " + strings.TrimSpace(line)
		default:
			within = false
			// In quotation marks the word is mentioned, not used.
			if strings.Contains(strings.ReplaceAll(line, `"`+mustWord, ""), mustWord) {
				return nil, fmt.Errorf("line %d: a requirement without an identifier: %s", i+1, line)
			}
		}
	}
	for _, one := range all {
		if !strings.Contains(one.text, mustWord) {
			return nil, fmt.Errorf("line %d: %s requires nothing: the word %s is not in it", one.line, one.id, mustWord)
		}
	}
	return all, nil
}

// isMustID reports whether text has the form M-AREA-NUMBER.
func isMustID(text string) bool {
	parts := strings.Split(text, "-")
	return len(parts) == 3 && parts[0] == "M" && only(parts[1], 'A', 'Z') && only(parts[2], '0', '9')
}

func only(text string, least, most rune) bool {
	for _, r := range text {
		if r < least || r > most {
			return false
		}
	}
	return text != ""
}
