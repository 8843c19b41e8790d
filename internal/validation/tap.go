package main

import (
	"regexp"
	"strings"
)

// testCase is one thing that a program has checked.
type testCase struct {
	name            string
	passed, skipped bool
}

// testLine is a line of the Test Anything Protocol.
var testLine = regexp.MustCompile(`^(not )?ok\b\s*\d*\s*(?:- )?(.*)$`)

// errorLine matches a line in a diagnostic block that names an error.
var errorLine = regexp.MustCompile(`^\s*"error": "(.+)",?$`)

// readCases parses a program's output. Some programs print no test lines, only a diagnostic
// block if something is wrong. A failure of the program itself is a case too.
func readCases(output string, failure error) []testCase {
	var cases []testCase
	var diagnostics []string
	for line := range strings.Lines(output) {
		line = strings.TrimRight(line, "\n")
		if match := testLine.FindStringSubmatch(line); match != nil {
			name, directive, _ := strings.Cut(match[2], "# ")
			cases = append(cases, testCase{
				name: strings.TrimSpace(name), passed: match[1] == "",
				skipped: strings.HasPrefix(strings.ToUpper(directive), "SKIP"),
			})
		} else if match := errorLine.FindStringSubmatch(line); match != nil {
			text, _, _ := strings.Cut(match[1], `\n`)
			diagnostics = append(diagnostics, text)
		}
	}
	if failure != nil {
		return append(cases, testCase{name: failure.Error()})
	}
	if len(cases) > 0 {
		return cases
	}
	for _, text := range diagnostics {
		cases = append(cases, testCase{name: text})
	}
	if len(cases) == 0 {
		cases = append(cases, testCase{name: "nothing to complain about", passed: true})
	}
	return cases
}
