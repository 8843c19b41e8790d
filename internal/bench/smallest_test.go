package main

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// The search finds the first limit with which all starts succeed, even if a few tries
// succeed with less.
func TestSmallestOf(t *testing.T) {
	limits := steps(1, step{10, 1}, step{30, 5})
	if want := []int64{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 20, 25, 30}; !slices.Equal(limits, want) {
		t.Fatalf("steps: %v, want %v", limits, want)
	}
	for _, test := range []struct {
		few, all int64 // the limits from which a few tries succeed, and all
		want     int64
	}{{1, 1, 1}, {4, 4, 4}, {4, 6, 6}, {12, 16, 20}, {30, 30, 30}, {31, 31, 0}, {30, 31, 0}} {
		got, err := smallestOf(limits, 1000, func(limit int64, times int) (bool, error) {
			if times < 1000 {
				return limit >= test.few, nil
			}
			return limit >= test.all, nil
		})
		if got != test.want || err != nil {
			t.Errorf("few from %d on, all from %d on: got %d, %v, want %d", test.few, test.all, got, err, test.want)
		}
	}
	broken := errors.New("broken")
	if _, err := smallestOf(limits, 1, func(int64, int) (bool, error) { return false, broken }); !errors.Is(err, broken) {
		t.Errorf("a trial that cannot be made: %v", err)
	}
}

// Memory is searched page by page where a program of one page may be enough.
func TestMemorySteps(t *testing.T) {
	if !slices.IsSorted(memorySteps) || memorySteps[0] != 16<<10 || memorySteps[1] != 20<<10 || memorySteps[len(memorySteps)-1] != 64<<20 {
		t.Errorf("%d", memorySteps)
	}
}

// Each kind of bundle is searched with in a guest of its own, fsrun first; the table is
// sorted by bundle and command, however the guests take turns.
func TestGuestsAreAddedUp(t *testing.T) {
	s := &smallest{Kernel: "Linux 6", Threshold: &threshold{Runs: 1}}
	s.add(&smallest{Kernel: "Linux 6", Versions: []string{"fsrun 1"}, Found: []found{
		{Runtime: "fsrun", Verb: "run", Kind: "user namespace"}, {Runtime: "fsrun", Verb: "exec", Kind: "user namespace"},
		{Runtime: "crun", Verb: "run", Kind: "user namespace"}}})
	s.add(&smallest{HugePages: "always", Seconds: 7, Found: []found{{Runtime: "fsrun", Verb: "exec", Kind: "default"}}})
	var rows []string
	for _, f := range s.Found {
		rows = append(rows, f.Kind+" "+f.Verb+" "+f.Runtime)
	}
	want := []string{"default exec fsrun", "user namespace run fsrun", "user namespace run crun", "user namespace exec fsrun"}
	if !slices.Equal(rows, want) {
		t.Errorf("rows %q, want %q", rows, want)
	}
	if s.Kernel != "Linux 6" || s.HugePages != "always" || s.Seconds != 7 || s.Threshold.Runs != 1 || !slices.Equal(s.Versions, []string{"fsrun 1"}) {
		t.Errorf("all guests: %+v", s)
	}
}

// A part can be asked for in a guest only, and a guest must be told one.
func TestParseSearch(t *testing.T) {
	for _, c := range []struct {
		arguments []string
		refusal   string // what it must say, "" if it is allowed
	}{
		{[]string{"-smallest", "1000", "-guests", "2"}, ""},
		{[]string{"-smallest", "1", "-inside", "-part", "threshold"}, ""},
		{[]string{"-smallest", "1", "-inside", "-part", "user namespace, seccomp"}, ""},
		{[]string{"-smallest", "1", "-guests", "0"}, "-guests 0"},
		{[]string{"-smallest", "1", "-part", "threshold"}, `-part "threshold"`},
		{[]string{"-part", "bogus"}, `-part "bogus"`},
		{[]string{"-smallest", "1", "-inside"}, `-part ""`},
		{[]string{"-smallest", "1", "-inside", "-part", "bogus"}, `-part "bogus"`},
	} {
		_, err := parse(c.arguments)
		if (err == nil) != (c.refusal == "") || err != nil && !strings.Contains(err.Error(), c.refusal) {
			t.Errorf("%q: %v, want %q", c.arguments, err, c.refusal)
		}
	}
}

// What the guest reports, among lines for people, gets into the table and the document.
func TestPublishSmallest(t *testing.T) {
	s := &smallest{Command: "the command"}
	var line strings.Builder
	if err := tell(&line, &smallest{Found: []found{{Runtime: "fsrun", Verb: "run", Kind: "default", Pids: 1, Memory: 4096}}}); err != nil {
		t.Fatal(err)
	}
	told := foundMark + `{"Kernel":"Linux 6","HugePages":"always","Versions":["fsrun 1"]}
a line for people
` + foundMark + `{"Found":[{"Runtime":"fsrun","Verb":"create","Kind":"default","Starts":1000,"Pids":1,"Memory":131072,"Created":{"Current":4096,"Peak":135168}}]}
` + foundMark + `{"Threshold":{"Limit":16777216,"Born":{"Run":2000000,"Created":{"Current":3145728,"Peak":4194304}},"Moved":{"Run":9000000,"Created":{"Current":8192,"Peak":8192}}}}
` + foundMark + `{"Found":[{"Runtime":"runc","Verb":"run","Kind":"default","Starts":20,"Pids":0,"Memory":0}]}
` + line.String() + foundMark + `{"Seconds":7}
`
	if err := s.read(strings.NewReader(told)); err != nil {
		t.Fatal(err)
	}
	document := filepath.Join(t.TempDir(), "limits.md")
	if err := os.WriteFile(document, []byte("before\n"+documentBegin+"old\n"+documentEnd+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var printed strings.Builder
	if err := s.publish(options{document: document}, &printed); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(document)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"before\n", "after\n", "    the command\n", "Linux 6, transparent huge pages: always; fsrun 1",
		"| Runtime | Command | Bundle | pids.max | memory.max | Starts in a row | Charged when created |\n|---|---|---|---|---|---|---|\n",
		"| fsrun | create | default | 1 | 128 KiB | 1000 | 4 KiB, peak 132 KiB |\n",
		"| at it | born in its cgroup | 2.00 ms | 3072 KiB, peak 4096 KiB |\n| a page below | moved into it when it is ready | 9.00 ms | 8 KiB, peak 8 KiB |\n",
		"A search was stopped after 7 s",
		"| fsrun | run | default | 1 | 4 KiB | 0 |  |\n",
		"| runc | run | default | none that was tried | none that was tried | 20 |  |\n",
	} {
		if !strings.Contains(string(written), line) {
			t.Errorf("the document does not hold %q:\n%s", line, written)
		}
	}
	if strings.Contains(string(written), "old\n") || !strings.Contains(printed.String(), "born in its cgroup") || !strings.Contains(printed.String(), "128 KiB") {
		t.Errorf("the document:\n%s\nprinted:\n%s", written, &printed)
	}
	if err := s.read(strings.NewReader(foundMark + "{\n")); err == nil {
		t.Error("half an object is taken for one")
	}
}

// After an interrupt, which ends the guests that run, no other is booted.
func TestInterruptedSearchBootsNoGuest(t *testing.T) {
	interrupted := make(chan os.Signal, 1)
	interrupted <- os.Interrupt
	b := &bench{options: options{guests: 1}, interrupted: interrupted}
	s := new(smallest)
	if err := b.searchKinds(s, []string{"bogus"}); !errors.Is(err, errInterrupted) || strings.Contains(err.Error(), "bogus") {
		t.Errorf("interrupted: %v", err)
	}
}
