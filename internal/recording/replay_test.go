package recording_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/internal/recording/draw"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var tables = recording.Tables{Parent: parentmachine.Table, Child: childmachine.Table}

// recorded are recordings of real handshakes, one after another in a file.
func recorded(t *testing.T, name string) []*recording.Recording {
	t.Helper()
	file, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	all, err := recording.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func names(t *testing.T) []string {
	t.Helper()
	found, err := filepath.Glob("testdata/*.json")
	if err != nil || len(found) == 0 {
		t.Fatalf("no recordings: %v", err)
	}
	for i := range found {
		found[i] = filepath.Base(found[i])
	}
	return found
}

func TestRealRecordingsReplay(t *testing.T) {
	for _, name := range names(t) {
		for _, r := range recorded(t, name) {
			checked := tables.Replay(r)
			if len(checked) <= len(r.Parent)+1 {
				t.Errorf("%s: %d steps were checked; the parent's alone are %d", name, len(checked), len(r.Parent))
			}
			for _, problem := range recording.Problems(checked) {
				t.Errorf("%s: %s: %s: %s", name, problem.Machine, problem.What, problem.Problem)
			}
		}
	}
}

// A recording in which a step is missing, repeated or misplaced is not of a handshake that
// the tables allow.
func TestEveryChangeIsSeen(t *testing.T) {
	for _, r := range recorded(t, "run.json") {
		for i := range r.Parent {
			mutated(t, r, fmt.Sprintf("without step %d", i), func(m *recording.Recording) { m.Parent = slices.Delete(m.Parent, i, i+1) })
			mutated(t, r, fmt.Sprintf("step %d twice", i), func(m *recording.Recording) { m.Parent = slices.Insert(m.Parent, i, m.Parent[i]) })
			if i > 0 {
				mutated(t, r, fmt.Sprintf("step %d before its time", i), func(m *recording.Recording) { m.Parent[i].At = m.Parent[i-1].At - 1 })
				mutated(t, r, fmt.Sprintf("steps %d and %d exchanged", i-1, i), func(m *recording.Recording) {
					m.Parent[i-1], m.Parent[i] = m.Parent[i], m.Parent[i-1]
				})
			}
			mutated(t, r, fmt.Sprintf("step %d of an unknown row", i), func(m *recording.Recording) { m.Parent[i] = recording.Step{At: m.Parent[i].At, Row: "P99"} })
			mutated(t, r, fmt.Sprintf("a MapRequest at step %d", i), func(m *recording.Recording) { m.Parent[i].Row, m.Parent[i].Kind = "", protocol.KindMapRequest })
		}
		for i := range r.Child {
			mutated(t, r, fmt.Sprintf("without the child's step %d", i), func(m *recording.Recording) { m.Child = slices.Delete(m.Child, i, i+1) })
			mutated(t, r, fmt.Sprintf("the child's step %d twice", i), func(m *recording.Recording) { m.Child = slices.Insert(m.Child, i, m.Child[i]) })
			mutated(t, r, fmt.Sprintf("the child's step %d an hour later", i), func(m *recording.Recording) { m.Child[i].At += 3600e9 })
		}
	}
}

func mutated(t *testing.T, r *recording.Recording, name string, change func(*recording.Recording)) {
	t.Helper()
	changed := *r
	changed.Parent, changed.Child = slices.Clone(r.Parent), slices.Clone(r.Child)
	change(&changed)
	if len(recording.Problems(tables.Replay(&changed))) == 0 {
		t.Errorf("%s: every step holds", name)
	}
	tables.Timeline(&changed) // whatever it is, it can be laid out
	if content := tables.EncodeTrace(&changed); !json.Valid(content) {
		t.Errorf("%s: the trace is no JSON: %s", name, content)
	}
}

// A child in another time namespace has a different clock: its times are shifted.
func TestClocksAreAligned(t *testing.T) {
	r := recorded(t, "run.json")[0]
	for i := range r.Child {
		r.Child[i].At += 7 * 24 * 3600e9
	}
	if problems := recording.Problems(tables.Replay(r)); len(problems) > 0 {
		t.Errorf("problems: %+v", problems)
	}
	for _, span := range tables.Timeline(r).Spans {
		if span.To < span.From || span.To > r.Ended-r.At {
			t.Errorf("%+v lies outside the recording", span)
		}
	}
}

func TestDrawing(t *testing.T) {
	for _, name := range names(t) {
		var drawn bytes.Buffer
		for _, r := range recorded(t, name) {
			if err := draw.Timeline(&drawn, tables.Timeline(r), draw.Options{Width: 80, Slowest: 5, Parent: "parent"}); err != nil {
				t.Fatal(err)
			}
		}
		golden(t, "testdata/"+strings.TrimSuffix(name, ".json")+".txt", drawn.Bytes())
		for line := range strings.Lines(drawn.String()) {
			if columns := len([]rune(strings.TrimRight(line, "\n"))); columns > 80 && strings.ContainsRune(line, '│') {
				t.Errorf("%s: a line of %d columns: %s", name, columns, line)
			}
		}
	}
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// A trace contains what its readers expect: complete events within the recording, and both
// ends of every frame's arrow.
func TestTraceEvents(t *testing.T) {
	for _, name := range names(t) {
		all := recorded(t, name)
		var trace struct {
			Events []struct {
				Phase     string  `json:"ph"`
				Name      string  `json:"name"`
				Process   int     `json:"pid"`
				Thread    int     `json:"tid"`
				Time      float64 `json:"ts"`
				Duration  float64 `json:"dur"`
				ID        uint64  `json:"id"`
				Arguments any     `json:"args"`
			} `json:"traceEvents"`
		}
		content := tables.EncodeTrace(all...)
		if err := json.Unmarshal(content, &trace); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, content)
		}
		began, ended := map[uint64]float64{}, map[uint64]float64{}
		spans := 0
		for _, event := range trace.Events {
			switch event.Phase {
			case "X":
				spans++
				if event.Time < 0 || event.Duration < 0 || event.Name == "" || event.Thread == 0 {
					t.Errorf("%s: %+v", name, event)
				}
			case "s":
				began[event.ID] = event.Time
			case "f":
				ended[event.ID] = event.Time
			}
		}
		for id, at := range began {
			if end, is := ended[id]; !is || end < at {
				t.Errorf("%s: flow %d begins at %v and ends at %v, %t", name, id, at, end, is)
			}
		}
		if spans < 8 || len(began) == 0 || len(began) != len(ended) {
			t.Errorf("%s: %d spans, %d flows", name, spans, len(began))
		}
		read, err := recording.Decode(string(content))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(all, read); diff != "" {
			t.Errorf("%s: read back (-want +got):\n%s", name, diff)
		}
	}
}

// Whatever a file says, it can be replayed, laid out and drawn.
func FuzzReplay(f *testing.F) {
	for _, name := range []string{"run.json", "create-start.json", "failed.json"} {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(content))
	}
	f.Fuzz(func(t *testing.T, content string) {
		all, err := recording.Decode(content)
		if err != nil {
			return
		}
		for _, r := range all {
			tables.Replay(r)
			if err := draw.Timeline(io.Discard, tables.Timeline(r), draw.Options{Width: 100, Slowest: 5, Parent: "parent"}); err != nil {
				t.Fatal(err)
			}
		}
		if trace := tables.EncodeTrace(all...); !json.Valid(trace) {
			t.Errorf("no JSON: %s", trace)
		}
	})
}

// A child that existed before the parent had finished its clone has no visible boot time.
func TestBootingThatNobodySaw(t *testing.T) {
	count := func(r *recording.Recording) (spans int) {
		for _, span := range tables.Timeline(r).Spans {
			if span.Name == recording.Booting {
				spans++
			}
		}
		return spans
	}
	r := recorded(t, "run.json")[0]
	if spans := count(r); spans != 1 {
		t.Errorf("%d spans of booting, want 1", spans)
	}
	r.Child[0].At = r.At + 1
	if spans := count(r); spans != 0 {
		t.Errorf("%d spans of booting that nobody saw", spans)
	}
}
