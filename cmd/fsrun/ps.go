package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/parent"
)

func psCommand(g *global) *cli.Command {
	var as format
	return &cli.Command{
		Name: "ps", Arguments: "CONTAINER [PS-ARGUMENT...]",
		Least: 1, Most: cli.Unlimited, TakesProgram: true, Operands: 1, Verbatim: true,
		Short: "list the processes of a container",
		Long: `The table is what this machine's ps(1) prints about them, by default with -ef;
what follows CONTAINER is passed to ps, and must not take its PID column away.
The JSON is a list of the process ids that they have on this machine.`,
		Examples: []cli.Example{
			{Line: "fsrun ps web", Meaning: "what runs in the container web"},
			{Line: "fsrun ps web -o pid,rss,comm", Meaning: "the same, with other columns"},
		},
		Flags: func(flags *pflag.FlagSet) { as.flags(flags, asTable) },
		Run: func(operands []string) (int, error) {
			arguments := as.takeFrom(operands[1:])
			pids, err := parent.Processes(g.root, operands[0])
			if err != nil {
				return 0, err
			}
			if as.isJSON() {
				return 0, writeJSON(os.Stdout, append([]int{}, pids...))
			}
			return 0, writeProcesses(os.Stdout, pids, arguments)
		},
	}
}

// writeProcesses runs ps(1) and prints the lines about the processes.
func writeProcesses(to io.Writer, pids []int, arguments []string) error {
	if len(arguments) == 0 {
		arguments = []string{"-ef"}
	}
	command := exec.Command("ps", arguments...)
	output, err := command.Output()
	if err != nil {
		said := ""
		if ended, is := err.(*exec.ExitError); is { //nolint:errorlint // Output returns it bare
			said = ": " + strings.TrimSpace(string(ended.Stderr))
		}
		return fmt.Errorf("%s: %w%s; --format json needs no ps", command, err, said)
	}
	return selectLines(to, output, pids)
}

// selectLines prints the header and the lines whose column PID contains one of the IDs.
func selectLines(to io.Writer, table []byte, pids []int) error {
	lines := bufio.NewScanner(bytes.NewReader(table))
	lines.Buffer(nil, len(table)+1)
	column := -1
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if column < 0 {
			if column = slices.Index(fields, "PID"); column < 0 {
				return fmt.Errorf("ps: its output has no PID column in the first line, %q; allowed: arguments that print one", lines.Text())
			}
		} else if len(fields) <= column || !containsPID(pids, fields[column]) {
			continue
		}
		if _, err := fmt.Fprintln(to, lines.Text()); err != nil {
			return err
		}
	}
	if column < 0 {
		return fmt.Errorf("ps: it printed nothing; allowed: arguments that print a PID column")
	}
	return lines.Err()
}

func containsPID(pids []int, text string) bool {
	pid, err := strconv.Atoi(text)
	return err == nil && slices.Contains(pids, pid)
}
