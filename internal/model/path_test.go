package model

import (
	"strings"
	"testing"

	child "github.com/fsrun/fsrun/child/machine"
	parent "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol"
	"github.com/fsrun/fsrun/protocol/machine"
)

// steps parses the arguments of Path: IDs of rows, and kinds that are sent (>) or received
// (<).
func steps(t *testing.T, table *machine.Table, line string) []machine.Step {
	t.Helper()
	var all []machine.Step
	for _, word := range strings.Fields(line) {
		var step machine.Step
		if name := strings.TrimLeft(word, "<>"); name != word {
			for _, kind := range protocol.Kinds() {
				if kind.String() == name {
					step = machine.Step{Frame: protocol.Empty(kind), Sent: word[0] == '>'}
				}
			}
		} else {
			step = machine.Step{Row: row(table, word)}
		}
		all = append(all, step)
	}
	return all
}

func TestPath(t *testing.T) {
	for _, test := range []struct {
		name, side, line string
		wrong            string // the step that no path leads to, "" if there is a path
	}{
		{"run", "parent", "P01 P02 P03 >Hello <Welcome P04 P05 >Part >Part >Plan <Ready P15 P16 >Committed P17 >Start P20 P21", ""},
		{"killed", "parent", "P01 P02 P03 >Hello <Welcome P04", ""},
		{"maps", "parent", "P01 P02 P03 >Hello <Welcome P04 P06 <MapRequest P07 P08 >MapDone >Plan <Ready P15", ""},
		{"many requests", "parent", "P01 P02 P03 >Hello <Welcome P04 P05 >Plan" + strings.Repeat(" <OpenRequest P09 P10 >OpenDone", 5) + " <Ready P15", ""},
		{"silent child", "parent", "P01 P02 P03 >Hello P32.awaiting_welcome >Fault P22", ""},
		{"caller", "parent", "P19 >Start P20 P21", ""},
		{"caller, child dies", "parent", "P19 >Start P20 P35.confirming P22", ""},
		{"child", "child", "C01 <Hello C02 C03 >Welcome <Plan C09 C12 >Console C15", ""},
		{"nothing", "child", "", ""},

		{"Start that reaches a child which Committed did not reach", "parent", "P01 P02 P03 >Hello <Welcome P04 P05 >Plan <Ready P15 P16 P17 >Start", "step 13 of the parent, sends Start"},
		{"a frame that the child cannot have sent", "parent", "P01 P02 P03 >Hello <Ready P04", "step 5 of the parent, receives Ready"},
		{"a request too many", "parent", "P01 P02 P03 >Hello <Welcome P04 P05 >Plan <Console P11 P12 <Console P11 P12", "step 12 of the parent, receives Console"},
		{"maps that nobody wants", "child", "C01 <Hello C02 C03 >Welcome <MapDone", "step 6 of the child, receives MapDone"},
		{"no beginning", "parent", "P02", "step 1 of the parent, row P02"},
		{"a row twice", "child", "C01 C01", "step 2 of the child, row C01"},
	} {
		t.Run(test.name, func(t *testing.T) {
			table := parent.Table
			if test.side == "child" {
				table = child.Table
			}
			err := Path(test.side, steps(t, table, test.line))
			switch {
			case test.wrong == "" && err != nil:
				t.Error(err)
			case test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong+",")):
				t.Errorf("%v; want %s", err, test.wrong)
			}
		})
	}
}
