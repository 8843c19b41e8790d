package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/internal/recording"
	"github.com/fsrun/fsrun/internal/recording/draw"
)

// replayedJSON is a recording that has been checked against the tables.
type replayedJSON struct {
	Verb      string        `json:"verb"`
	Container string        `json:"container"`
	Steps     []checkedJSON `json:"steps"`
	Problems  int           `json:"problems"`
}

type checkedJSON struct {
	Machine string `json:"machine"`
	At      uint64 `json:"at_nsec"`
	What    string `json:"what"`
	Problem string `json:"problem,omitempty"`
}

func replayCommand(g *global) *cli.Command {
	var asJSON, quiet bool
	return &cli.Command{
		Name: "replay", Arguments: "CONTAINER|FILE", Least: 1, Most: 1,
		Short: "check a recorded handshake against the tables of both machines, step by step",
		Long: `Each row must begin in the state that its machine is in, follow from what came
before it, and send what it says; the child's path must fit the frames; time
must not run backwards. The exit status is 1 if a step does not hold. FILE may
be -, for standard input.`,
		Examples: []cli.Example{{Line: "fsrun run --trace web.json -b /srv/web web; fsrun replay web.json", Meaning: "record a handshake and check it"}},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&asJSON, "json", false, "print the steps as JSON")
			flags.BoolVarP(&quiet, "quiet", "q", false, "print only the steps that do not hold")
		},
		Run: func(operands []string) (int, error) {
			found, err := g.recordings(operands[0])
			if err != nil {
				return 0, err
			}
			status := 0
			var all []replayedJSON
			for _, one := range found {
				checked := tables.Replay(one)
				problems := recording.Problems(checked)
				if len(problems) > 0 {
					status = 1
				}
				if asJSON {
					all = append(all, replayedOf(one, checked, len(problems)))
					continue
				}
				if quiet {
					checked = problems
				}
				writeReplay(os.Stdout, style.Of(os.Stdout), one, checked, len(problems))
			}
			if asJSON {
				err = writeJSON(os.Stdout, all)
			}
			return status, err
		},
	}
}

func replayedOf(r *recording.Recording, checked []recording.Checked, problems int) replayedJSON {
	replayed := replayedJSON{Verb: r.Verb, Container: r.Container, Problems: problems, Steps: make([]checkedJSON, 0, len(checked))}
	for _, step := range checked {
		replayed.Steps = append(replayed.Steps, checkedJSON(step))
	}
	return replayed
}

func writeReplay(to io.Writer, s style.Style, r *recording.Recording, checked []recording.Checked, problems int) {
	fmt.Fprintln(to, s.Bold(oneLine(fmt.Sprintf("fsrun %s %s", r.Verb, r.Container))))
	for _, step := range checked {
		sign, problem := s.Good("✓"), ""
		if step.Problem != "" {
			sign, problem = s.Bad("✗"), ": "+step.Problem
		}
		fmt.Fprintf(to, "%s %9s  %-6s  %s%s\n", sign, draw.Duration(step.At), step.Machine, oneLine(step.What), s.Bad(oneLine(problem)))
	}
	switch problems {
	case 0:
		fmt.Fprintln(to, "every step holds")
	case 1:
		fmt.Fprintln(to, "1 step does not hold")
	default:
		fmt.Fprintf(to, "%d steps do not hold\n", problems)
	}
}
