package model

import (
	"reflect"
	"slices"

	"github.com/fsrun/fsrun/protocol/machine"
)

// Tale is the counterexample for a seeded bug, as a story for the side that has it.
type Tale struct {
	Bug   string
	Story string
	Table *machine.Table // the side's table, with the bug
	// Tells says that a side with the bug plays the story to its end, and one without does
	// not. Other bugs affect only the side's own machine, which a peer cannot see.
	Tells bool
}

// seen lists the bugs whose stories tell.
var seen = []string{
	"the child starts the program on Committed",
	"a created container starts when somebody connects",
	"Start is sent with Committed, whatever the caller wants",
	"Start is sent on Ready, before the commit",
	"Detach is sent on Ready, before the commit",
	"Committed and Start are sent in the wrong order",
	"Welcome and MapRequest are sent in the wrong order",
	"EOF after Start is success without a look",
	"EOF while the child prepares is taken for an execution",
	"a child that died before the execution is no failure",
	"a caller that dies ends the container",
	"a caller that errs ends the container",
	"the child survives its parent",
	"exec is released before it is moved into the cgroup",
}

// Tales seeds the bugs of a side one at a time and returns those counterexamples that can
// be told. For the parent, they are those of run, which is what the kit makes it do.
func Tales(subject string) ([]Tale, error) {
	side := childSide
	if subject == parentSide.String() {
		side = parentSide
	}
	tables := func(system System) *machine.Table {
		return [...]*machine.Table{system.Parent, system.Child}[side]
	}
	var tales []Tale
	for _, bug := range Bugs {
		system := bug.With(Runtime(0)) // Frames are handed over directly, so that everything happens in one order.
		system.Brief = true
		if reflect.DeepEqual(tables(system), tables(Runtime(0))) {
			continue
		}
		result, err := Explore(system)
		if err != nil {
			return nil, err
		}
		found := result.Counterexample
		if found == nil || side == parentSide && found.Verb != verbRun {
			continue
		}
		if story := found.Story(subject); story != "" {
			tales = append(tales, Tale{bug.Name, story, tables(system), slices.Contains(seen, bug.Name)})
		}
	}
	return tales, nil
}
