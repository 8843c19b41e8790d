package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A result in every format names every row, and leaves the hand-written part of a document
// as it was.
func TestPublish(t *testing.T) {
	r := &result{
		Date: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Command: "go run ./internal/bench", Machine: "a machine", Kernel: "Linux 6",
		Contestants: []description{{ours, "1", 1 << 20, 2 << 20}, {floor, "", 1, 0}, {"crun", "2", 3 << 20, 0}},
		Timeline:    "the timeline\n",
	}
	taken := newTaking(workloads[0], conditions[1], []*player{{contestant: &contestant{name: ours}}, {contestant: &contestant{name: "crun"}}})
	for i := range 10 {
		taken.add(ours, map[string]sample{"": {time.Duration(i+1) * time.Millisecond, time.Millisecond}, "create": {1, 1}})
		taken.add("crun", map[string]sample{"": {10 * time.Millisecond, 2 * time.Millisecond}, "create": {2, 2}})
	}
	r.Rows = taken.rows()
	directory := t.TempDir()
	document := filepath.Join(directory, "speed.md")
	if err := os.WriteFile(document, []byte("before\n"+documentBegin+"old\n"+documentEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	o := options{json: filepath.Join(directory, "speed.json"), chart: filepath.Join(directory, "chart.svg"), document: document}
	if err := r.publish(o, &printed); err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{
		"speed.md":   {"before\n", "after\n", "| run | pinned | 10 | crun | **0.55** (", "the timeline", "](speed.svg)", "| floor |  | 0.0 MiB | unknown |"},
		"speed.json": {`"Median": 0.55`},
		"speed.svg":  {"<svg ", "run, pinned", "create, pinned", ">0.55<"},
		"chart.svg":  {"<svg "},
	}
	for name, parts := range want {
		content, err := os.ReadFile(filepath.Join(directory, name))
		if err != nil {
			t.Error(err)
			continue
		}
		for _, part := range parts {
			if !strings.Contains(string(content), part) {
				t.Errorf("%s does not hold %q:\n%s", name, part, content)
			}
		}
		if strings.Contains(string(content), "old\n") {
			t.Errorf("%s holds what it held before", name)
		}
	}
	if !strings.Contains(printed.String(), "0.55") {
		t.Errorf("the table does not hold the ratio:\n%s", &printed)
	}
}

// A document without a place for the figures is not changed.
func TestRenewWithoutPlace(t *testing.T) {
	document := filepath.Join(t.TempDir(), "speed.md")
	if err := os.WriteFile(document, []byte("text\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := renew(document, "figures"); err == nil {
		t.Error("no error")
	}
	if content, err := os.ReadFile(document); err != nil || string(content) != "text\n" {
		t.Errorf("it holds %q, %v", content, err)
	}
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		arguments []string
		refused   string
	}{
		{nil, ""},
		{[]string{"-only", "run,life", "-under", "free,busy"}, ""},
		{[]string{"-only", "ruin"}, `no workload is called "ruin"`},
		{[]string{"-under", "water"}, `no condition is called "water"`},
		{[]string{"-count", "-1"}, "allowed are positive numbers"},
		{[]string{"run"}, `unexpected argument "run"`},
	} {
		_, err := parse(test.arguments)
		if (err == nil) != (test.refused == "") || err != nil && !strings.Contains(err.Error(), test.refused) {
			t.Errorf("%q: got %v, want %q", test.arguments, err, test.refused)
		}
	}
}
