package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/fsrun/fsrun/internal/vm/wire"
	"github.com/google/go-cmp/cmp"
)

// story is a receiver that records what it receives.
type story []string

func (s *story) ready(release string)     { *s = append(*s, "ready "+release) }
func (s *story) start(int) error          { *s = append(*s, "start"); return nil }
func (s *story) output(data []byte) error { *s = append(*s, string(data)); return nil }

func (s *story) exit(status int) error {
	*s = append(*s, "exit")
	if status == 99 {
		return errors.New("refused")
	}
	return nil
}

const (
	readyLine = `{"Kind":"ready","Text":"6.1"}` + "\n"
	unitLines = `{"Kind":"start"}` + "\n" + `{"Kind":"output","Data":"aGk="}` + "\n" + `{"Kind":"exit"}` + "\n"
	doneLine  = `{"Kind":"done"}` + "\n"
)

func TestReadReport(t *testing.T) {
	var told story
	if err := readReport(strings.NewReader(readyLine+unitLines+doneLine), 1, &told); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(story{"ready 6.1", "start", "hi", "exit"}, told); diff != "" {
		t.Errorf("the receiver was told (-want +got):\n%s", diff)
	}
}

func TestReadReportRefuses(t *testing.T) {
	for name, test := range map[string]struct{ report, want string }{
		"nothing":                    {"", "without a complete report"},
		"a report cut short":         {readyLine + unitLines, "without a complete report"},
		"a unit that never ends":     {readyLine + `{"Kind":"start"}` + "\n" + doneLine, "out of order"},
		"done before all units":      {readyLine + doneLine, "out of order"},
		"a unit too many":            {readyLine + unitLines + `{"Kind":"start","Unit":1}` + "\n", "out of order"},
		"output of no unit":          {readyLine + `{"Kind":"output"}` + "\n", "out of order"},
		"more after the end":         {readyLine + unitLines + doneLine + readyLine, "out of order"},
		"an unknown kind":            {`{"Kind":"surprise"}` + "\n", "out of order"},
		"no JSON":                    {"Kernel panic\n", "is broken"},
		"a line over the limit":      {strings.Repeat("x", wire.MaxEventBytes+1), "is broken"},
		"the guest's own failure":    {`{"Kind":"fail","Text":"no module overlay"}` + "\n", "the guest failed: no module overlay"},
		"a receiver that has enough": {readyLine + `{"Kind":"start"}` + "\n" + `{"Kind":"exit","Status":99}` + "\n", "refused"},
	} {
		t.Run(name, func(t *testing.T) {
			err := readReport(strings.NewReader(test.report), 1, &story{})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("readReport gave %v, want an error with %q", err, test.want)
			}
		})
	}
}
