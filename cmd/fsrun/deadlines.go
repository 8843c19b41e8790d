package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/pflag"

	childmachine "github.com/fsrun/fsrun/child/machine"
	"github.com/fsrun/fsrun/internal/cli"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// maxDeadline is the longest deadline in the protocol: milliseconds in 32 bits.
const maxDeadline = math.MaxUint32 * time.Millisecond

// deadlines is a flag that sets how long a machine waits in a state.
type deadlines map[machine.State]time.Duration

func (d *deadlines) register(flags *pflag.FlagSet) {
	flags.Var(d, "deadline", "limit the wait in STATE to DURATION; 0s disables the limit; may be repeated; see fsrun help deadlines")
}

func (d *deadlines) String() string { return "" }
func (d *deadlines) Type() string   { return "STATE=DURATION" } // as help shows it

func (d *deadlines) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	if !slices.ContainsFunc(waits(), func(w machine.Wait) bool { return string(w.State) == name }) {
		return fmt.Errorf("allowed: STATE=DURATION with one of the states %s", strings.Join(waitingStates(), ", "))
	}
	duration, err := time.ParseDuration(value)
	if err != nil || duration < 0 || duration > maxDeadline || duration%time.Millisecond != 0 {
		return fmt.Errorf("allowed: a duration in whole milliseconds from 0s, which disables the limit, to %s", maxDeadline)
	}
	if *d == nil {
		*d = deadlines{}
	}
	(*d)[machine.State(name)] = duration
	return nil
}

func waits() []machine.Wait {
	return append(slices.Clone(parentmachine.Table.Waits), childmachine.Table.Waits...)
}

func waitingStates() []string {
	var names []string
	for _, wait := range waits() {
		names = append(names, string(wait.State))
	}
	return names
}

// deadlinesTopic explains --deadline, which every command has that starts a process.
func deadlinesTopic() cli.Topic {
	return cli.Topic{Name: "deadlines", Short: "how long a start may wait, and for what", Text: func() string {
		var text strings.Builder
		text.WriteString(`fsrun and its child in the container start a process together. While one side
waits for the other, or for a hook, its state has a deadline: after it the start
fails, and the error says what the wait was for. --deadline STATE=DURATION of
create, run, start, exec and wrap changes one; 0s disables it.

`)
		table := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
		fmt.Fprintln(table, "SIDE\tSTATE\tDEADLINE\tWAITS FOR")
		for _, side := range []*machine.Table{parentmachine.Table, childmachine.Table} {
			for _, wait := range side.Waits {
				fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", side.Name, wait.State, wait.Deadline, wait.For)
			}
		}
		table.Flush()
		return text.String()
	}}
}
