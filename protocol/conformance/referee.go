package conformance

import (
	"fmt"
	"slices"
	"strings"
)

// action is one thing that the kit does, and what is wrong with it.
type action struct {
	what       string // as in a story, without its corruption
	corruption string // such as cut 1; "" if nothing is wrong
}

// The actions that are not frames.
const (
	closes   = "closes"
	connects = "connects" // a caller connects to a detached child
	executes = "executes" // the kit's child executes the program
	silence  = "says nothing"
)

func (a action) kind() string { kind, _, _ := strings.Cut(a.what, " "); return kind }

// referee knows what a subject has to answer to anything its peer does. It is written by
// hand from SPEC.md.
type referee struct {
	subject string
	state   string
	over    bool
	mapped  bool // the parent offered mappings
}

// answer returns what the subject must do after an action.
func (r *referee) answer(a action) []string {
	if r.over {
		return nil
	}
	if r.subject == Child {
		return r.child(a)
	}
	return r.parent(a)
}

// childAccepts lists what a child accepts in each state, apart from a Fault; from section
// 5.2 and the text of SPEC.md.
var childAccepts = map[string][]string{
	"awaiting_hello":       {"Hello"},
	"awaiting_maps":        {"MapDone"},
	"awaiting_plan":        {"Part", "Plan"},
	"awaiting_descriptors": {"OpenDone"},
	"awaiting_hooks":       {"HooksDone"},
	"awaiting_commit":      {"Committed"},
	"committed":            {"Start", "Detach"},
	"attached":             {"Start"},
}

func (r *referee) child(a action) []string {
	if r.state == "detached" {
		if a.what == connects {
			r.state = "attached"
		}
		return nil // the first socket is closed
	}
	switch {
	case a.what == closes:
		return r.childFails("")
	case a.what == silence:
		return r.childFails("timeout")
	case a.what == "Fault" && a.corruption == "":
		return r.childFails("")
	case a.kind() != "Fault" && !slices.Contains(childAccepts[r.state], a.kind()):
		return r.childFails("unexpected|malformed")
	case a.corruption != "":
		return r.childFails("malformed")
	}
	words := strings.Fields(a.what)[1:]
	switch a.kind() {
	case "Hello":
		if slices.Contains(words, "maps") {
			r.state = "awaiting_maps"
			return []string{"Welcome", "MapRequest"}
		}
		r.state = "awaiting_plan"
		return []string{"Welcome"}
	case "MapDone":
		r.state = "awaiting_plan"
	case "Plan":
		switch {
		case slices.Contains(words, "hooks"):
			r.state = "awaiting_hooks"
			return []string{"HooksRequest"}
		case slices.Contains(words, "enter"):
			r.state = "awaiting_descriptors"
			return []string{"OpenRequest"}
		}
		r.state = "awaiting_commit"
		return []string{"Ready"}
	case "OpenDone", "HooksDone":
		r.state = "awaiting_commit"
		return []string{"Ready"}
	case "Committed":
		r.state = "committed"
	case "Detach":
		r.state = "detached"
	case "Start":
		r.over = true
		return []string{string(Executes)}
	}
	return nil
}

// childFails is how a child fails. If a caller is connected, the child only loses the
// caller.
func (r *referee) childFails(code string) []string {
	if r.state == "attached" {
		r.state = "detached"
		return []string{"closes"}
	}
	r.over = true
	if code == "" {
		return []string{string(Ends)}
	}
	return []string{fmt.Sprintf("Fault %s in %s", code, r.state), string(Ends)}
}

// parentAccepts lists what a parent accepts in each state, apart from a Fault.
var parentAccepts = map[string][]string{
	"awaiting_welcome":     {"Welcome"},
	"awaiting_map_request": {"MapRequest"},
	"preparing":            {"OpenRequest", "Console", "HooksRequest", "Ready"},
	"starting":             {},
}

// parent is the answer of a parent that runs a container whose plan asks for nothing.
func (r *referee) parent(a action) []string {
	switch {
	case a.what == closes, a.what == "Fault" && a.corruption == "":
		return r.parentFails("")
	case a.what == executes && r.state == "starting":
		r.over = true
		return []string{string(Succeeds)}
	case a.what == executes:
		return r.parentFails("")
	case a.what == silence:
		return r.parentFails("timeout")
	case a.kind() != "Fault" && !slices.Contains(parentAccepts[r.state], a.kind()):
		return r.parentFails("unexpected|malformed")
	case a.corruption != "":
		return r.parentFails("malformed")
	}
	switch a.kind() {
	case "Welcome":
		if r.mapped {
			r.state = "awaiting_map_request"
			return nil
		}
		r.state = "preparing"
		return []string{"Plan"}
	case "MapRequest":
		r.state = "preparing"
		return []string{"MapDone", "Plan"}
	case "OpenRequest":
		r.state = "opening"
		return r.parentFails("open|unexpected|malformed")
	case "Console":
		r.state = "delivering"
		return r.parentFails("unexpected|console")
	case "HooksRequest":
		r.state = "hooking"
		return r.parentFails("unexpected|hook")
	}
	r.state = "starting"
	return []string{"Committed", "Start"}
}

func (r *referee) parentFails(code string) []string {
	r.over = true
	if code == "" {
		return []string{string(Fails)}
	}
	return []string{fmt.Sprintf("Fault %s in %s", code, r.state), string(Fails)}
}
