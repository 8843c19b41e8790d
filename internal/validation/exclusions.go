package main

import (
	_ "embed"
	"fmt"
	"strings"
)

//go:embed excluded.txt
var excludedText string

// exclusion is a case that cannot pass.
type exclusion struct {
	program string
	// text is a part of the case's name; empty for all cases of the program.
	text string
	// why is the reason. instead lists the tests that show the same, as PACKAGE TEST.
	why     string
	instead []string
	// sometimes: the case passes now and then.
	sometimes bool
}

// readExclusions parses blocks of "key: value" lines separated by empty lines. A line that
// begins with a space continues the previous one, and one that begins with # is a comment.
func readExclusions(content string) ([]exclusion, error) {
	var all []exclusion
	for block := range strings.SplitSeq(content, "\n\n") {
		one, err := readExclusion(block)
		if err != nil {
			return nil, fmt.Errorf("excluded.txt: %w in %q", err, block)
		}
		if one.program != "" {
			all = append(all, one)
		}
	}
	return all, nil
}

func readExclusion(block string) (exclusion, error) {
	var one exclusion
	var last *string
	var instead, sometimes string
	for line := range strings.Lines(block) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "#") || line == "" {
			continue
		}
		if strings.HasPrefix(line, " ") && last != nil {
			*last += " " + strings.TrimSpace(line)
			continue
		}
		key, value, _ := strings.Cut(line, ": ")
		fields := map[string]*string{"program": &one.program, "case": &one.text, "why": &one.why, "instead": &instead, "sometimes": &sometimes}
		if last = fields[key]; last == nil {
			return one, fmt.Errorf("unknown key %q", key)
		}
		*last = value
	}
	one.sometimes = sometimes == "yes"
	if instead != "" {
		one.instead = strings.Split(instead, ", ")
	}
	if one.program != "" && (one.why == "" || len(one.instead) == 0) {
		return one, fmt.Errorf("no reason, or no test instead")
	}
	return one, nil
}

// covers reports whether the exclusion applies to a case.
func (e *exclusion) covers(program string, one testCase) bool {
	return e.program == program && strings.Contains(one.name, e.text)
}

// verdict is the verdict on one case.
type verdict struct {
	testCase
	excluded *exclusion
	failed   bool
	remark   string
}

// judge compares a program's cases with the exclusions. An excluded case that passes is a
// failure, because the list is wrong. But if a whole program is excluded, some of its cases
// may pass.
func judge(program string, cases []testCase, exclusions []exclusion) []verdict {
	var verdicts []verdict
	for i := range exclusions {
		if unneeded(program, cases, &exclusions[i]) {
			verdicts = append(verdicts, verdict{testCase: testCase{name: exclusions[i].text}, failed: true, remark: "excluded.txt lists it, and it passes"})
		}
	}
	for _, one := range cases {
		v := verdict{testCase: one, failed: !one.passed}
		for i := range exclusions {
			if v.failed && exclusions[i].covers(program, one) {
				v.excluded, v.failed = &exclusions[i], false
			}
		}
		verdicts = append(verdicts, v)
	}
	return verdicts
}

// unneeded reports whether an exclusion covers nothing that failed.
func unneeded(program string, cases []testCase, e *exclusion) bool {
	if e.program != program || e.sometimes {
		return false
	}
	for _, one := range cases {
		if !one.passed && e.covers(program, one) {
			return false
		}
	}
	return true
}
