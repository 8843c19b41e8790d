package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
)

func listCommand(g *global) *cli.Command {
	var as format
	var quiet bool
	return &cli.Command{
		Name:      "list",
		Elsewhere: []string{"ls", "containers"},
		Short:     "list the containers",
		Flags: func(flags *pflag.FlagSet) {
			as.flags(flags, asTable)
			flags.BoolVarP(&quiet, "quiet", "q", false, "print only the ids")
		},
		Run: func([]string) (int, error) {
			found, problems, err := parent.List(g.root)
			if err != nil {
				return 0, err
			}
			for _, problem := range problems {
				g.warn(problem.Error())
			}
			states := make([]stateJSON, 0, len(found))
			for i := range found {
				states = append(states, stateOf(&found[i]))
			}
			switch {
			case quiet:
				return 0, writeIDs(os.Stdout, states)
			case as.isJSON():
				return 0, writeJSON(os.Stdout, states)
			}
			return 0, writeList(os.Stdout, style.IsTerminal(os.Stdout), style.Width(os.Stdout), states)
		},
	}
}

func writeIDs(to io.Writer, states []stateJSON) error {
	for i := range states {
		if _, err := fmt.Fprintln(to, states[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// leastColumn is the smallest width of a column.
const leastColumn = 8

// writeList prints the table. On a terminal, lines are made to fit: times are in whole
// seconds, and first the bundle's path, then the ID is shortened. A script that reads the
// table gets everything.
func writeList(to io.Writer, fit bool, width int, states []stateJSON) error {
	rows := [][6]string{{"ID", "PID", "STATUS", "BUNDLE", "CREATED", "OWNER"}}
	form := time.RFC3339Nano
	if fit {
		form = time.RFC3339
	}
	for i := range states {
		s := &states[i]
		rows = append(rows, [6]string{s.ID, strconv.Itoa(s.PID), string(s.Status), oneLine(s.Bundle), s.Created.Format(form), oneLine(s.Owner)})
	}
	var columns [6]int
	whole := 2 * (len(columns) - 1)
	for i := range columns {
		for _, row := range rows {
			columns[i] = max(columns[i], utf8.RuneCountInString(row[i]))
		}
		whole += columns[i]
	}
	if fit {
		for _, i := range []int{3, 0} { // bundle, then ID
			narrower := max(min(columns[i], leastColumn), columns[i]-max(whole-width, 0))
			whole, columns[i] = whole-columns[i]+narrower, narrower
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, text := range row {
			if i > 0 {
				line.WriteString("  ")
			}
			line.WriteString(style.Fit(text, columns[i]))
		}
		if _, err := fmt.Fprintln(to, strings.TrimRight(line.String(), " ")); err != nil {
			return err
		}
	}
	return nil
}
