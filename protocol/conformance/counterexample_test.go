package conformance_test

import (
	"testing"
	"time"

	child "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/model"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/conformance"
	"github.com/fsrun/fsrun/protocol/machine"
)

// soon is how long to wait for a side that departs from a story by waiting.
const soon = 300 * time.Millisecond

// TestCounterexamplesAreStories seeds the bugs one at a time: what the model finds is a
// story that the side with the bug plays to its end, and the side without it does not.
func TestCounterexamplesAreStories(t *testing.T) {
	telling := 0
	for subject, table := range map[string]*machine.Table{conformance.Child: child.Table, conformance.Parent: parent.Table} {
		tales, err := model.Tales(subject)
		if err != nil {
			t.Fatal(err)
		}
		for _, tale := range tales {
			story, err := conformance.Parse(tale.Bug, subject, tale.Story)
			if err != nil {
				t.Errorf("%v\n%s", err, tale.Story)
				continue
			}
			story.Patience = soon
			_, with := conformance.Play(memory{tale.Table}, story)
			_, without := conformance.Play(memory{table}, story)
			if tells := with == nil && without != nil; tells != tale.Tells {
				t.Errorf("%s: the story tells who has it: %v; with it %v, without %v\n%s", tale.Bug, tells, with, without, tale.Story)
			}
			if tale.Tells {
				telling++
			}
		}
	}
	t.Logf("figure: counterexamples that tell a side with the bug %d/%d", telling, len(model.Bugs))
}
