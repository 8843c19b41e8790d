package main

import (
	"fmt"
	"io"
	"strings"
)

// summary counts cases.
type summary struct {
	programs, passed, failed, excluded, skipped int
	lines                                       []string // excluded cases, with reasons
}

// add counts and prints a program's cases.
func (s *summary) add(program string, verdicts []verdict, ran ran, verbose bool) {
	s.programs++
	var passed, failed, excluded, skipped int
	var listed *exclusion
	for _, v := range verdicts {
		switch {
		case v.excluded != nil:
			excluded++
			if listed != v.excluded {
				s.lines = append(s.lines, fmt.Sprintf("excluded %s: %s\n    why: %s\n    instead: %s", program, v.name, v.excluded.why, strings.Join(v.excluded.instead, ", ")))
				listed = v.excluded
			}
		case v.failed:
			failed++
		case v.skipped:
			skipped++
		default:
			passed++
		}
	}
	word := "ok  "
	if failed > 0 {
		word = "FAIL"
	}
	fmt.Printf("%s %-32s %d passed, %d failed, %d excluded, %d skipped by the suite\n", word, program, passed, failed, excluded, skipped)
	for _, v := range verdicts {
		if v.failed {
			fmt.Printf("    not ok: %s %s\n", v.name, v.remark)
		}
	}
	if failed > 0 || verbose {
		fmt.Print(indent(ran.stdout), indent(ran.stderr))
	}
	s.passed, s.failed, s.excluded, s.skipped = s.passed+passed, s.failed+failed, s.excluded+excluded, s.skipped+skipped
}

func indent(text string) string {
	if text == "" {
		return ""
	}
	return "      | " + strings.ReplaceAll(strings.TrimRight(text, "\n"), "\n", "\n      | ") + "\n"
}

func (s *summary) print(to io.Writer) {
	fmt.Fprintln(to)
	for _, line := range s.lines {
		fmt.Fprintln(to, line)
	}
	fmt.Fprintf(to, "\nvalidation: %d programs: %d passed, %d failed, %d excluded, %d skipped by the suite\n", s.programs, s.passed, s.failed, s.excluded, s.skipped)
}
