package main

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"

	childmachine "github.com/fsrun/fsrun/child/machine"
	parentmachine "github.com/fsrun/fsrun/parent/machine"
	"github.com/fsrun/fsrun/protocol/machine"
)

// maxDeadline is what the protocol can carry: milliseconds in 32 bits.
const maxDeadline = math.MaxUint32 * time.Millisecond

// deadlines is a flag that sets for how long a machine waits in a state.
type deadlines map[machine.State]time.Duration

func (d *deadlines) register(flags *pflag.FlagSet) {
	flags.Var(d, "deadline", "wait in a state of the handshake for at most that long, as `STATE=DURATION`; 0s is for ever; may be repeated; the states: "+waitingStates())
}

func (d *deadlines) String() string { return "" }
func (d *deadlines) Type() string   { return "deadline" }

func (d *deadlines) Set(text string) error {
	name, value, _ := strings.Cut(text, "=")
	if !slices.ContainsFunc(waits(), func(w machine.Wait) bool { return string(w.State) == name }) {
		return fmt.Errorf("allowed: STATE=DURATION with one of the states %s", waitingStates())
	}
	duration, err := time.ParseDuration(value)
	if err != nil || duration < 0 || duration > maxDeadline || duration%time.Millisecond != 0 {
		return fmt.Errorf("allowed: a duration in whole milliseconds from 0s, which is for ever, to %s", maxDeadline)
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

func waitingStates() string {
	var names []string
	for _, wait := range waits() {
		names = append(names, fmt.Sprintf("%s (%s)", wait.State, wait.Deadline))
	}
	return strings.Join(names, ", ")
}
