package conformance

import (
	"fmt"
	"maps"
	"slices"

	"github.com/fsrun/fsrun/protocol"
)

// reached says how to get a subject into each of its waiting states.
var reached = map[string]map[string]handshake{
	Child: {
		"awaiting_hello":       {},
		"awaiting_maps":        {root: true, actions: []action{{what: "Hello maps"}}},
		"awaiting_plan":        {actions: []action{{what: "Hello"}}},
		"awaiting_descriptors": {root: true, actions: []action{{what: "Hello join"}, {what: "Plan enter arguments execute"}}},
		"awaiting_hooks":       {actions: []action{{what: "Hello"}, {what: "Plan hooks arguments execute"}}},
		"awaiting_commit":      {actions: []action{{what: "Hello"}, {what: "Plan"}}},
		"committed":            {actions: []action{{what: "Hello"}, {what: "Plan"}, {what: "Committed"}}},
		"attached":             {actions: []action{{what: "Hello"}, {what: "Plan"}, {what: "Committed"}, {what: "Detach"}, {what: connects}}},
	},
	Parent: {
		"awaiting_welcome":     {},
		"awaiting_map_request": {mapped: true, actions: []action{{what: "Welcome"}}},
		"preparing":            {actions: []action{{what: "Welcome"}}},
		"starting":             {actions: []action{{what: "Welcome"}, {what: "Ready"}}},
	},
}

// Matrix returns a case for every waiting state of the subject and every kind of frame,
// which the state either accepts or does not.
func Matrix(subject string) []Case {
	var cases []Case
	for _, state := range slices.Sorted(maps.Keys(reached[subject])) {
		for _, kind := range protocol.Kinds() {
			w := reached[subject][state]
			w.name = state
			actions := append(slices.Clone(w.actions), action{what: kind.String()})
			cases = append(cases, w.story(subject, fmt.Sprintf("receives %s", kind), []string{"M-ENC-10", "M-SM-1"}, actions))
		}
	}
	return cases
}
