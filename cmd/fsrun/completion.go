package main

import (
	"os"
	"strings"

	"github.com/spf13/pflag"

	"github.com/fsrun/fsrun/internal/cli"
	"github.com/fsrun/fsrun/internal/cli/completion"
)

func completionCommand(g *global) *cli.Command {
	var all bool
	return &cli.Command{
		Name: "completion", Arguments: "SHELL", Least: 1, Most: 1,
		Elsewhere: []string{"autocomplete"},
		Short:     "print a script that completes command lines in a shell: " + strings.Join(completion.Shells(), ", "),
		Examples: []cli.Example{
			{Line: "source <(fsrun completion bash)", Meaning: "complete in this shell"},
			{Line: "fsrun completion bash > /usr/share/bash-completion/completions/fsrun", Meaning: "complete in every shell"},
		},
		Flags: func(flags *pflag.FlagSet) {
			flags.BoolVar(&all, "all", false, "include commands that do not work on this machine: for a package")
		},
		Run: func(operands []string) (int, error) {
			p := program(g)
			if !all {
				p = p.Available()
			}
			script, err := completion.Script(operands[0], p)
			if err == nil {
				_, err = os.Stdout.WriteString(script)
			}
			return 0, err
		},
	}
}

// statuses lists the exit statuses, which are stable across versions.
func statuses() []cli.Status {
	return []cli.Status{
		{Value: "0", Meaning: "success; of run, exec and wrap: the program's own status was 0"},
		{Value: "1", Meaning: "fsrun failed, and said why; of plan, doctor and replay: a check failed"},
		{Value: "124", Meaning: "wrap: the program took longer than --time allows"},
		{Value: "255", Meaning: "exec: fsrun failed before the program was executed"},
		{Value: "128+N", Meaning: "run, exec and wrap: signal N killed the program"},
		{Value: "other", Meaning: "run, exec and wrap: the program's own"},
	}
}
