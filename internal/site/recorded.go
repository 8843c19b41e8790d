package main

import (
	"cmp"
	"embed"
	"fmt"
	"slices"
	"time"

	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/protocol/machine"
)

// recordings are handshakes that were recorded by --trace or kept in the state
// directory.
//
//go:embed recordings/*.json
var recordings embed.FS

// shown lists the recordings in the order in which the page offers them.
var shown = []struct{ file, title string }{
	{"run", "run: /bin/true"},
	{"every-exchange", "run: user namespace, a source that the parent opens, a terminal, a hook"},
	{"create-start", "create, and start by another process"},
	{"missing-program", "run: the program is missing"},
}

// story is a recorded handshake, as shown by the stepper.
type story struct {
	Title string `json:"title"`
	Walks []walk `json:"walks"`
}

// walk is what one parent and the child did.
type walk struct {
	Verb  string                   `json:"verb"`
	Began string                   `json:"began"`
	Took  uint64                   `json:"took"`  // nanoseconds
	First map[string]machine.State `json:"first"` // the state in which each machine begins
	Steps []storyStep              `json:"steps"`
	Fault *recordingFault          `json:"fault,omitempty"`
}

// storyStep is a row that a machine took.
type storyStep struct {
	Machine string `json:"machine"`
	Row     string `json:"row"`
	At      uint64 `json:"at"` // nanoseconds since the walk began
	// Inferred says that At was inferred from the frames.
	Inferred bool `json:"inferred,omitempty"`
	// Received and Sent are the frames of this row, with their sizes.
	Received *storyFrame  `json:"received,omitempty"`
	Sent     []storyFrame `json:"sent,omitempty"`
}

type storyFrame struct {
	Kind  string `json:"kind"`
	Bytes int    `json:"bytes,omitempty"`
}

type recordingFault struct {
	Code, Machine, State, Op, Path, Call, Object string
}

func stories() ([]story, error) {
	var all []story
	for _, one := range shown {
		content, err := recordings.ReadFile("recordings/" + one.file + ".json")
		if err != nil {
			return nil, err
		}
		found, err := recording.Decode(string(content))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", one.file, err)
		}
		told := story{Title: one.title}
		for _, r := range found {
			if problems := recording.Problems(tables.Replay(r)); len(problems) > 0 {
				return nil, fmt.Errorf("%s does not follow the tables: %s: %s; record it again", one.file, problems[0].What, problems[0].Problem)
			}
			walked, err := walkOf(r)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", one.file, err)
			}
			told.Walks = append(told.Walks, walked)
		}
		all = append(all, told)
	}
	return all, nil
}

// walkOf merges the rows of both machines in order of time. At the same time, the parent's
// row comes first if it sent what the child received.
func walkOf(r *recording.Recording) (walk, error) {
	path, err := tables.Path(r)
	if err != nil {
		return walk{}, err
	}
	told := walk{Verb: r.Verb, Began: r.Began.UTC().Format(time.DateTime), Took: r.Ended - r.At, First: map[string]machine.State{}}
	told.First[tables.Parent.Name], told.First[tables.Child.Name] = tables.Parent.Initial, tables.Child.Initial
	sizes := frameSizes(r)
	for i, step := range parentRows(r) {
		if i == 0 {
			told.First[tables.Parent.Name] = step.From
		}
		told.Steps = append(told.Steps, stepOf(tables.Parent, step, r, sizes))
	}
	for i, taken := range path {
		if i == 0 {
			told.First[tables.Child.Name] = taken.From
		}
		told.Steps = append(told.Steps, stepOf(tables.Child, taken, r, sizes))
	}
	slices.SortStableFunc(told.Steps, func(a, b storyStep) int { return cmp.Compare(a.At, b.At) })
	if f := r.Fault; f != nil {
		told.Fault = &recordingFault{f.Code, f.Machine, f.State, f.Op, f.Path, f.Call, f.Object}
	}
	return told, nil
}

func parentRows(r *recording.Recording) []recording.Taken {
	var all []recording.Taken
	for _, step := range r.Parent {
		if step.IsRow() {
			all = append(all, recording.Taken{Row: recording.Find(tables.Parent, step.Row), At: step.At})
		}
	}
	return all
}

// frameSizes returns the sizes of the frames by kind: in a handshake without Parts, and
// without repeated frames of different sizes, each kind has one size.
func frameSizes(r *recording.Recording) map[string]int {
	sizes := map[string]int{}
	for _, step := range r.Parent {
		if !step.IsRow() {
			sizes[step.Kind.String()] = step.Bytes
		}
	}
	return sizes
}

func stepOf(table *machine.Table, taken recording.Taken, r *recording.Recording, sizes map[string]int) storyStep {
	step := storyStep{Machine: table.Name, Row: taken.ID, Inferred: taken.Inferred, At: min(max(taken.At, r.At), r.Ended) - r.At}
	if size, isFrame := sizes[string(taken.Event)]; isFrame {
		step.Received = &storyFrame{string(taken.Event), size}
	}
	for _, kind := range taken.Send {
		step.Sent = append(step.Sent, storyFrame{kind.String(), sizes[kind.String()]})
	}
	return step
}
