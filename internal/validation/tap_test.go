package main

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestReadCases(t *testing.T) {
	for _, test := range []struct {
		name, output string
		failure      error
		want         []testCase
	}{
		{"cases", "TAP version 13\nok 1 - first\nnot ok 2 - second\n  ---\n  {\n    \"error\": \"x\"\n  }\n  ...\nok # SKIP no value\n1..3\n", nil,
			[]testCase{{"first", true, false}, {"second", false, false}, {"", true, true}}},
		{"a diagnostic alone", "TAP version 13\n  ---\n  {\n    \"error\": \"hooks MUST\\nRefer to\"\n  }\n  ...\n1..0\n", nil,
			[]testCase{{"hooks MUST", false, false}}},
		{"silence", "TAP version 13\n1..0\n", nil, []testCase{{"nothing to complain about", true, false}}},
		{"a failure", "ok 1 - first\n", errors.New("exit status 1"), []testCase{{"first", true, false}, {"exit status 1", false, false}}},
	} {
		got := readCases(test.output, test.failure)
		if diff := cmp.Diff(test.want, got, cmp.AllowUnexported(testCase{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestJudge(t *testing.T) {
	exclusions := []exclusion{{program: "p", text: "broken"}, {program: "p", text: "flaky", sometimes: true}}
	for _, test := range []struct {
		name     string
		program  string
		cases    []testCase
		excluded int
		failed   int
	}{
		{"as listed", "p", []testCase{{"is broken", false, false}, {"fine", true, false}}, 1, 0},
		{"listed, and passes", "p", []testCase{{"is broken", true, false}}, 0, 1},
		{"not listed", "p", []testCase{{"is broken", false, false}, {"other", false, false}}, 1, 1},
		{"another program", "q", []testCase{{"is broken", false, false}}, 0, 1},
		{"sometimes", "p", []testCase{{"is broken", false, false}, {"flaky", true, false}}, 1, 0},
	} {
		excluded, failed := 0, 0
		for _, v := range judge(test.program, test.cases, exclusions) {
			if v.excluded != nil {
				excluded++
			}
			if v.failed {
				failed++
			}
		}
		if excluded != test.excluded || failed != test.failed {
			t.Errorf("%s: %d excluded and %d failed; want %d and %d", test.name, excluded, failed, test.excluded, test.failed)
		}
	}
}
