package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/style"
	"github.com/fsrun/fsrun/parent"
)

// onceMeasured is how long top --once measures: a rate takes two looks.
const onceMeasured = 500 * time.Millisecond

func topCommand(g *global) *cli.Command {
	t := &top{global: g}
	return &cli.Command{
		Name:      "top",
		Elsewhere: []string{"stats"},
		Short:     "watch what the containers use, in a table that is kept up to date",
		Long: `CPU and IO are rates since the last look, 100% being one processor. PRESSURE is
the share of the last ten seconds in which a process waited for cpu, memory and
io (Documentation/accounting/psi.rst). - means that the kernel does not count it
here. With --json each look is a line.`,
		Examples: []cli.Example{
			{Line: "fsrun top", Meaning: "watch, until it is interrupted"},
			{Line: "fsrun top --once --json", Meaning: "the same for a program, once"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.DurationVar(&t.interval, "interval", 2*time.Second, "look every `DURATION`")
			flags.BoolVar(&t.once, "once", false, "look once, and exit")
			flags.BoolVar(&t.all, "all", false, "show stopped containers, too")
			flags.BoolVar(&t.json, "json", false, "print as JSON")
			flags.Var(cli.Choice(&t.sort, "cpu", topOrders()...), "sort", "sort by `COLUMN`: "+strings.Join(topOrders(), ", "))
		},
		Run: func([]string) (int, error) { return 0, t.run() },
	}
}

// top is the state of the command.
type top struct {
	*global
	interval        time.Duration
	once, all, json bool
	sort            string
	before          map[string]parent.Used
}

func (t *top) run() error {
	if t.interval < shortestInterval {
		return fmt.Errorf("--interval %s: allowed: a duration of at least %s", t.interval, shortestInterval)
	}
	live := style.IsTerminal(os.Stdout) && !t.json && !t.once
	if _, err := t.look(); err != nil {
		return err
	}
	for pause := min(t.interval, onceMeasured); ; pause = t.interval {
		time.Sleep(pause)
		rows, err := t.look()
		if err != nil {
			return err
		}
		if err := t.show(rows, live); err != nil || t.once {
			return err
		}
	}
}

// look measures since the last look.
func (t *top) look() ([]topRow, error) {
	all, problems, err := parent.UsedByAll(t.root)
	if err != nil {
		return nil, err
	}
	for _, problem := range problems {
		t.warn(problem.Error())
	}
	now := map[string]parent.Used{}
	var rows []topRow
	for _, used := range all {
		now[used.ID] = used
		before, known := t.before[used.ID]
		if known && before.Init != used.Init {
			known = false // deleted and created again
		}
		if row := newTopRow(&used, &before, known); t.all || row.shown() {
			rows = append(rows, row)
		}
	}
	t.before = now
	sortTop(rows, t.sort)
	return rows, nil
}

// The control sequences for a table that stays in place (ECMA-48).
const (
	cursorHome = "\x1b[H"
	clearToEnd = "\x1b[K"
	clearBelow = "\x1b[J"
)

// show prints the rows, over the previous ones if live.
func (t *top) show(rows []topRow, live bool) error {
	if t.json {
		if rows == nil {
			rows = []topRow{}
		}
		return json.NewEncoder(os.Stdout).Encode(rows)
	}
	var text strings.Builder
	writeTop(&text, style.Of(os.Stdout), rows, style.Width(os.Stdout))
	if !live {
		if !t.once {
			text.WriteByte('\n')
		}
		_, err := os.Stdout.WriteString(text.String())
		return err
	}
	lines := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	if height := style.Height(os.Stdout); height > 1 && len(lines) > height-1 {
		lines = lines[:height-1]
	}
	_, err := os.Stdout.WriteString(cursorHome + strings.Join(lines, clearToEnd+"\n") + clearToEnd + "\n" + clearBelow)
	return err
}
